/** What becomes of everything that there is of a stage when it is destroyed. Pure. */
import { cloudFormationStackName, documentLogGroup, FIRST_MANAGER, STACKS, TAG } from '../contract';
import type { StackContents, StackResource, StageContents } from './stage-contents';

/** `removed` can be made again by a deployment; what is `lost` cannot. */
export type Fate = 'removed' | 'lost' | 'stays';

export interface Item {
  /** `stack`, `volume`, `secret` … */
  readonly kind: string;
  /** What AWS knows it by. */
  readonly id: string;
  readonly fate: Fate;
  readonly detail: string;
  /** Of what stays: the command that removes it. */
  readonly next?: string;
}

export interface Destruction {
  /** Names for the CDK, those first that stand on the others. */
  readonly stacks: readonly string[];
  readonly items: readonly Item[];
}

const HOLDS: Readonly<Record<string, string>> = {
  swarm: "the Swarm's state",
  kafka: "Kafka's events",
  mongodb: "MongoDB's prices",
};

/** Everything by what becomes of it. Protected stacks stay, and what they keep. */
export function planDestruction(stage: string, contents: StageContents): Destruction {
  const going = contents.stacks.filter(({ isProtected }) => !isProtected);
  const goes = new Map(going.flatMap(({ resources }) => resources).map((resource) => [resource.physicalId, resource]));
  const isLost = (id: string): boolean => goes.get(id)?.isKept === false;
  const held = new Map(contents.stacks.flatMap(({ resources }) => resources).map((all) => [all.physicalId, all.holds]));
  const item = (kind: string, id: string, isGoing: Fate | false, detail: string, next: string): Item =>
    isGoing ? { kind, id, fate: isGoing, detail } : { kind, id, fate: 'stays', detail, next };

  const firstVolume = contents.volumes.find(({ slot }) => slot === FIRST_MANAGER);
  const forgets = firstVolume === undefined ? goes.size > 0 : isLost(firstVolume.id);
  return {
    stacks: inOrder(stage, going),
    items: [
      ...inOrder(stage, contents.stacks).map((name) =>
        stackItem(contents.stacks.find((stack) => stack.name === name)!),
      ),
      ...contents.instances.map(({ id, slot }) =>
        item('instance', id, goes.size > 0 && 'removed', slot, `aws ec2 terminate-instances --instance-ids ${id}`),
      ),
      ...contents.volumes.map(({ id, slot, sizeGiB }) => {
        const what = (held.get(id) ?? []).map((data) => HOLDS[data] ?? data).join(', ');
        const detail = `${slot}, ${sizeGiB} GiB${what && `: ${what}`}`;
        return item('volume', id, isLost(id) && 'lost', detail, `aws ec2 delete-volume --volume-id ${id}`);
      }),
      ...contents.secrets.map(({ arn, name, deletedAt }) =>
        item(
          ...(['secret', name, isLost(arn) && 'lost'] as const),
          deletedAt === undefined ? '' : `scheduled for deletion (${deletedAt})`,
          `aws secretsmanager delete-secret --secret-id ${name}`,
        ),
      ),
      ...contents.parameters.map((name) =>
        item('parameter', name, forgets && 'removed', '', `aws ssm delete-parameter --name ${name}`),
      ),
      ...contents.logGroups.map((name) =>
        item(
          ...(['log group', name, isLost(name) && 'lost'] as const),
          name === documentLogGroup(stage) ? 'full output of all documents' : '',
          `aws logs delete-log-group --log-group-name ${name}`,
        ),
      ),
      ...snapshotItems(stage, contents),
      ...going.flatMap(({ resources }) => resources.filter(isKeptElse).map(keptItem)),
    ],
  };
}

/** The last one that is deployed is the first to go. */
function inOrder(stage: string, stacks: readonly StackContents[]): string[] {
  const names = STACKS.map((id) => cloudFormationStackName(stage, id)).reverse();
  return names.filter((name) => stacks.some((stack) => stack.name === name));
}

function stackItem({ name, isProtected, resources }: StackContents): Item {
  const detail = `${resources.length} resources`;
  if (!isProtected) return { kind: 'stack', id: name, fate: 'removed', detail };
  const next = `aws cloudformation update-termination-protection --no-enable-termination-protection --stack-name ${name}    # then: ./bin/metals destroy`;
  return { kind: 'stack', id: name, fate: 'stays', detail: `${detail}, protected from termination`, next };
}

/** Volumes and secrets are told by themselves. */
const isKeptElse = ({ isKept, type }: StackResource): boolean => isKept && !type.startsWith('Custom::Kept');

const keptItem = ({ type, physicalId }: StackResource): Item => ({
  ...{ kind: type, id: physicalId, fate: 'stays', detail: 'kept by its deletion policy' },
  ...(type === 'AWS::S3::Bucket' && { next: `aws s3 rb s3://${physicalId} --force` }),
});

function snapshotItems(stage: string, { snapshots }: StageContents): Item[] {
  if (snapshots.length === 0) return [];
  return [
    {
      ...{ kind: 'snapshots', id: `${snapshots.length}`, fate: 'stays', detail: 'of the volumes' },
      next: `aws ec2 describe-snapshots --owner-ids self --filters Name=tag:${TAG.stage},Values=${stage} --query Snapshots[].SnapshotId --output text    # then delete-snapshot`,
    },
  ];
}

/** What is there although it should have gone. */
export function leftBehind(planned: Destruction, stage: string, after: StageContents): Item[] {
  const expected = new Set(planned.items.filter(({ fate }) => fate === 'stays').map(({ kind, id }) => `${kind} ${id}`));
  // Whatever is there now would stay.
  return planDestruction(stage, after)
    .items.filter(({ kind, id }) => kind !== 'snapshots' && !expected.has(`${kind} ${id}`))
    .map((item) => ({ ...item, fate: 'stays' }));
}
