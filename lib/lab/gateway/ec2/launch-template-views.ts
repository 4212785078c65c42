/** DescribeLaunchTemplates and …Versions out of the lab's own records. */
import { LAB_ACCOUNT_ID } from '../../../contract';
import { AwsError } from '../errors';
import type { LaunchTemplateRecord, NodesData } from './records';
import { escapeXml } from '../front-door/xml';
import { members } from '../front-door/query';

const NAMESPACE = 'http://ec2.amazonaws.com/doc/2016-11-15/';

type Params = Readonly<Record<string, string>>;

export function launchTemplatesXml(data: NodesData, params: Params): string {
  const ids = members(params, 'LaunchTemplateId');
  const names = members(params, 'LaunchTemplateName');
  const templates = Object.values(data.launchTemplates).filter(
    ({ id, name }) => (ids.length === 0 && names.length === 0) || ids.includes(id) || names.includes(name),
  );
  const items = templates.map(
    (template) =>
      `<item>${identity(template)}<defaultVersionNumber>1</defaultVersionNumber>` +
      `<latestVersionNumber>${template.versions.length}</latestVersionNumber></item>`,
  );
  return response('DescribeLaunchTemplates', `<launchTemplates>${items.join('')}</launchTemplates>`);
}

export function launchTemplateVersionsXml(data: NodesData, params: Params): string {
  const { LaunchTemplateId: id, LaunchTemplateName: name } = params;
  const template = Object.values(data.launchTemplates).find((each) => each.id === id || each.name === name);
  if (!template) {
    throw new AwsError(
      'InvalidLaunchTemplateId.NotFound',
      `The specified launch template, ${id ?? name}, does not exist.`,
    );
  }
  const latest = template.versions.length;
  const wanted = members(params, 'LaunchTemplateVersion').map((version) =>
    version === '$Latest' ? latest : version === '$Default' ? 1 : Number(version),
  );
  const items = template.versions.flatMap((content, index) => {
    if (wanted.length > 0 && !wanted.includes(index + 1)) return [];
    return [
      `<item>${identity(template)}<versionNumber>${index + 1}</versionNumber>` +
        `<defaultVersion>${index === 0}</defaultVersion><launchTemplateData>` +
        `<imageId>${escapeXml(content.ImageId ?? '')}</imageId>` +
        `<instanceType>${escapeXml(content.InstanceType ?? '')}</instanceType>` +
        `<userData>${escapeXml(content.UserData ?? '')}</userData></launchTemplateData></item>`,
    ];
  });
  const set = `<launchTemplateVersionSet>${items.join('')}</launchTemplateVersionSet>`;
  return response('DescribeLaunchTemplateVersions', set);
}

const identity = ({ id, name }: LaunchTemplateRecord): string =>
  `<launchTemplateId>${id}</launchTemplateId><launchTemplateName>${escapeXml(name)}</launchTemplateName>` +
  `<createdBy>arn:aws:iam::${LAB_ACCOUNT_ID}:root</createdBy>`;

const response = (action: string, inner: string): string =>
  `<${action}Response xmlns="${NAMESPACE}"><requestId>${crypto.randomUUID()}</requestId>${inner}</${action}Response>`;
