import { AwsError } from '../errors';
import { generatedName, hexId } from '../cloudformation/resource';
import type { LaunchTemplateRecord, NodesStore } from './records';
import type { ResourceHandler, ResourceResult } from '../types';

/** AWS::EC2::LaunchTemplate, kept here whole: ministack loses NetworkInterfaceId. */
export function launchTemplateResource(store: NodesStore): ResourceHandler {
  return {
    type: 'AWS::EC2::LaunchTemplate',
    replaceOn: ['LaunchTemplateName'],

    create(properties, context) {
      const id = `lt-${hexId()}`;
      const name: string = properties.LaunchTemplateName ?? generatedName(context, 128);
      if (Object.values(store.data.launchTemplates).some((each) => each.name === name)) {
        const message = `Launch template name already in use: ${name}`;
        return Promise.reject(new AwsError('InvalidLaunchTemplateName.AlreadyExistsException', message));
      }
      const template = { id, name, versions: [properties.LaunchTemplateData] };
      store.update((data) => void (data.launchTemplates[id] = template));
      return Promise.resolve(result(template));
    },

    update(id, properties) {
      const template = store.data.launchTemplates[id];
      if (!template) {
        const message = `The specified launch template, ${id}, does not exist.`;
        return Promise.reject(new AwsError('InvalidLaunchTemplateId.NotFound', message));
      }
      const content = properties.LaunchTemplateData;
      const latest = template.versions.at(-1);
      // A changed tag of the template itself makes no new version, and so replaces no instance.
      if (JSON.stringify(content) !== JSON.stringify(latest)) store.update(() => void template.versions.push(content));
      return Promise.resolve(result(template));
    },

    delete(id) {
      store.update((data) => void delete data.launchTemplates[id]);
      return Promise.resolve();
    },
  };
}

const result = ({ id, versions }: LaunchTemplateRecord): ResourceResult => ({
  physicalId: id,
  attributes: { LaunchTemplateId: id, LatestVersionNumber: String(versions.length), DefaultVersionNumber: '1' },
});
