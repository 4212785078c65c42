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

const FUNCTION_LOGS = 'log group of a function';
const HOLDS: Readonly<Record<string, string>> = {
  swarm: "the Swarm's state",
  kafka: "Kafka's events",
  mongodb: "MongoDB's prices",
};

/** Everything by what becomes of it. Protected stacks stay, and what they keep. */
export function planDestruction(stage: string, contents: StageContents): Destruction {
  const going = goingOf(stage, contents.stacks);
  const goes = new Map(going.flatMap(({ resources }) => resources).map((resource) => [resource.physicalId, resource]));
  const isLost = (id: string): boolean => goes.get(id)?.isKept === false;
  const held = new Map(contents.stacks.flatMap(({ resources }) => resources).map((all) => [all.physicalId, all.holds]));
  const item = (kind: string, id: string, isGoing: Fate | false, detail: string, next: string): Item =>
    isGoing ? { kind, id, fate: isGoing, detail } : { kind, id, fate: 'stays', detail, next };

  const firstVolume = contents.volumes.find(({ slot }) => slot === FIRST_MANAGER);
  // Its volume's resource forgets the Swarm, whether the volume itself is there or not.
  const lostVolumes = [...goes.values()].filter(({ type, isKept }) => type === 'Custom::KeptVolume' && !isKept);
  const forgets = firstVolume === undefined ? lostVolumes.length > 0 : isLost(firstVolume.id);
  const nodesGo = going.some(({ name }) => name === cloudFormationStackName(stage, 'swarm'));
  const untagged = lostVolumes.filter(({ physicalId }) => !contents.volumes.some(({ id }) => id === physicalId));
  return {
    stacks: inOrder(stage, going).map(({ name }) => name),
    items: [
      ...inOrder(stage, contents.stacks).map((stack) => stackItem(stack, going.includes(stack))),
      ...contents.instances.map(({ id, slot }) =>
        item('instance', id, nodesGo && 'removed', slot, `aws ec2 terminate-instances --instance-ids ${id}`),
      ),
      ...contents.volumes.map(({ id, slot, sizeGiB }) => {
        const what = contentsOf(held.get(id) ?? []);
        const detail = `${slot}, ${sizeGiB} GiB${what && `: ${what}`}`;
        return item('volume', id, isLost(id) && 'lost', detail, `aws ec2 delete-volume --volume-id ${id}`);
      }),
      ...untagged.map(({ physicalId, holds }): Item => {
        const detail = `its tags are gone${holds.length > 0 ? `: ${contentsOf(holds)}` : ''}`;
        return { kind: 'volume', id: physicalId, fate: 'lost', detail };
      }),
      ...contents.secrets.map(({ arn, name, deletedAt }): Item =>
        deletedAt === undefined
          ? item('secret', name, isLost(arn) && 'lost', '', `aws secretsmanager delete-secret --secret-id ${name}`)
          : { kind: 'secret', id: name, fate: 'stays', detail: `goes by itself: scheduled for deletion, ${deletedAt}` },
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
      ...contents.functionLogs.map((name) => {
        const detail = 'made by Lambda for a function of the CDK; no stack owns it';
        return item(FUNCTION_LOGS, name, false, detail, `aws logs delete-log-group --log-group-name ${name}`);
      }),
      ...snapshotItems(stage, contents),
      ...going.flatMap(({ resources }) => resources.filter(isKeptElse).map(keptItem)),
    ],
  };
}

const contentsOf = (holds: readonly string[]): string => holds.map((data) => HOLDS[data] ?? data).join(', ');

/** A protected stack stays, and those on which it stands. */
function goingOf(stage: string, stacks: readonly StackContents[]): StackContents[] {
  const highest = Math.max(-1, ...stacks.filter(({ isProtected }) => isProtected).map((stack) => place(stage, stack)));
  return stacks.filter((stack) => place(stage, stack) > highest);
}

/** The last one that is deployed is the first to go. */
const inOrder = (stage: string, stacks: readonly StackContents[]): StackContents[] =>
  [...stacks].sort((a, b) => place(stage, b) - place(stage, a));

const place = (stage: string, { name }: StackContents): number =>
  STACKS.findIndex((id) => cloudFormationStackName(stage, id) === name);

function stackItem({ name, isProtected, resources }: StackContents, isGoing: boolean): Item {
  const detail = `${resources.length} resources`;
  if (isGoing) return { kind: 'stack', id: name, fate: 'removed', detail };
  if (!isProtected)
    return { kind: 'stack', id: name, fate: 'stays', detail: `${detail}; a protected stack stands on it` };
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
      next: `aws ec2 describe-snapshots --owner-ids self --filters Name=tag:${TAG.stage},Values=${stage} --query 'Snapshots[].SnapshotId' --output text    # then delete-snapshot`,
    },
  ];
}

/** What is there although it should have gone. */
export function leftBehind(planned: Destruction, stage: string, after: StageContents): Item[] {
  const expected = new Set(planned.items.filter(({ fate }) => fate === 'stays').map(({ kind, id }) => `${kind} ${id}`));
  return whatIsLeft(stage, after).filter(
    ({ kind, id }) => kind !== FUNCTION_LOGS && kind !== 'snapshots' && !expected.has(`${kind} ${id}`),
  );
}

/** What has gone as it was planned, and what stays as it is now: some of it may have come meanwhile. */
export const withWhatStays = (planned: Destruction, stage: string, after: StageContents): Item[] => [
  ...planned.items.filter(({ fate }) => fate !== 'stays'),
  ...whatIsLeft(stage, after),
];

const whatIsLeft = (stage: string, after: StageContents): Item[] =>
  planDestruction(stage, after).items.map((item) => ({ ...item, fate: 'stays' }));
