/** Which volume a slot gets. Pure. */
import { parameterPath, TAG } from '../contract';

/** A volume that carries the tags of a stage and a slot. */
export interface FoundVolume {
  readonly id: string;
  readonly availabilityZone: string;
  readonly sizeGiB: number;
  /** `creating`, `available`, `in-use` or `error`. */
  readonly state: string;
  readonly encrypted: boolean;
  readonly fromSnapshot: boolean;
  /** ISO 8601. */
  readonly createdAt: string;
}

export interface WantedVolume {
  readonly stage: string;
  readonly slot: string;
  readonly availabilityZone: string;
  readonly sizeGiB: number;
  /** What is on the slot's volume, and nowhere else: keys of `LOST`. */
  readonly holds: readonly string[];
}

export interface Circumstances {
  /** The volume that the slot has had in this stack. */
  readonly currentId: string | undefined;
  /** The stack goes back to what it was before a failed update, in which the volume may have grown. */
  readonly rollsBack: boolean;
}

/**
 * The volume to keep; undefined where one must be made.
 *
 * @throws where the choice is not ours, or the volume does not fit: with the reason and the next command
 */
export function chooseVolume(
  found: readonly FoundVolume[],
  wanted: WantedVolume,
  { currentId, rollsBack }: Circumstances,
): FoundVolume | undefined {
  const current = found.find(({ id }) => id === currentId);
  if (!current && found.length > 1) throw new Error(ambiguous(found, wanted));
  const chosen = current ?? found[0];
  if (!chosen && currentId) throw new Error(gone(currentId, wanted));
  if (!chosen) return undefined;
  const problem = misfit(chosen, wanted, rollsBack);
  if (problem)
    throw new Error(`${chosen.id} holds the data of ${wanted.slot} in stage ${wanted.stage}, but ${problem}`);
  return chosen;
}

function misfit(volume: FoundVolume, wanted: WantedVolume, rollsBack: boolean): string | undefined {
  if (volume.state === 'error')
    return (
      `EC2 says that it is in state error: its hardware has failed; ${lost(wanted)}restore it from a snapshot ` +
      `(${RESTORE}), or begin with an empty volume: aws ec2 delete-volume --volume-id ${volume.id}`
    );
  if (volume.availabilityZone !== wanted.availabilityZone)
    return (
      `it is in ${volume.availabilityZone}, and the slot is to be in ${wanted.availabilityZone}: a volume cannot move; ` +
      `set availabilityZones as they were, or leave the data behind: ${untag(volume.id)}`
    );
  if (!volume.encrypted) return `it is not encrypted; leave it behind, or make an encrypted copy: ${untag(volume.id)}`;
  if (volume.sizeGiB > wanted.sizeGiB && !rollsBack)
    return (
      `it has ${volume.sizeGiB} GiB, and ${wanted.sizeGiB} GiB are asked for: a volume cannot shrink; ` +
      `set dataVolumeGiB=${volume.sizeGiB}`
    );
  return undefined;
}

function ambiguous(found: readonly FoundVolume[], { stage, slot }: WantedVolume): string {
  const list = found.map(({ id, sizeGiB, state, createdAt }) => `${id} (${sizeGiB} GiB, ${state}, made ${createdAt})`);
  return (
    `${found.length} volumes are tagged as the one of ${slot} in stage ${stage}: ${list.join(', ')}; ` +
    `take the tag from each that is not to be used, and deploy again: ${untag('VOLUME')}`
  );
}

const RESTORE = 'docs/nodes.md, Snapshots';

/** What goes with the volume. */
const LOST: Readonly<Record<string, string>> = {
  swarm: 'the Swarm was on it: services and secrets, which a deployment makes again in a new one',
  kafka: "Kafka's data was on it, accepted events that are not stored yet included",
  mongodb:
    "MongoDB's data was on it, the stored prices, whose events Kafka still has for some time: deployed again, read them " +
    'again with ./bin/metals rewind --all',
};

const lost = ({ holds }: WantedVolume): string => holds.map((name) => `${LOST[name] ?? name}; `).join('');

function gone(id: string, wanted: WantedVolume): string {
  const { stage, slot, availabilityZone, sizeGiB } = wanted;
  const tags = `{Key=${TAG.stage},Value=${stage}},{Key=${TAG.slot},Value=${slot}}`;
  return (
    `${id}, the volume of ${slot} in stage ${stage}, is gone or has lost its tags; ${lost(wanted)}give its tags to the ` +
    `one that takes its place, from a snapshot (${RESTORE}), or begin with an empty one, and deploy again: ` +
    (wanted.holds.includes('swarm') ? `${forget(stage)}; ` : '') +
    `aws ec2 create-volume --availability-zone ${availabilityZone} --size ${sizeGiB} --volume-type gp3 --encrypted ` +
    `--tag-specifications 'ResourceType=volume,Tags=[${tags}]'`
  );
}

/**
 * Whether the Swarm of a single manager would begin on an empty volume. Another one than before that is from no snapshot
 * is empty; one that a new stack finds was kept.
 */
export function beginsEmpty(
  kept: FoundVolume | undefined,
  { holds }: WantedVolume,
  { currentId, rollsBack }: Circumstances,
): boolean {
  if (rollsBack || !holds.includes('swarm')) return false;
  return !kept || (currentId !== undefined && kept.id !== currentId && !kept.fromSnapshot);
}

/** What must happen before the Swarm may be created again. */
export const lostSwarm = (stage: string, claim: string): string =>
  `${claim.replace('initialised', 'the Swarm')} of stage ${stage} was on another volume, and its services and secrets would ` +
  `be lost; restore that volume (${RESTORE}), or begin a new Swarm, which the workers then join with the data that they ` +
  `hold, and deploy again: ${forget(stage)}`;

const forget = (stage: string): string => `aws ssm delete-parameter --name ${parameterPath(stage, 'claim')}`;

const untag = (id: string): string => `aws ec2 delete-tags --resources ${id} --tags Key=${TAG.slot}`;
