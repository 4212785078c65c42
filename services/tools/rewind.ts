/** Sets the processor's group back on its topic, so that what it has read is read again, and stored where it is missing. */
import type { Admin, Kafka } from 'kafkajs';
import { errorText } from '../common/log';
import { inWords } from './backlog';
import type { ToolsConfig } from './config';
import { waitFor } from './deadline';
import { createIsFinal, FinalError, isDenied } from './final-error';
import type { RewindRequest } from './rewind-request';

const CONNECT_MS = 30_000;
/** A processor that was killed stays a member until its session has ended. */
const EMPTY_MS = 60_000;
const SET_MS = 30_000;
const PARTITIONS_NAMED = 100;
const NO_MEMBERS: ReadonlySet<string> = new Set(['Empty', 'Dead']);

/** Where the group reads on, now and after: offsets of the next record. */
type Rewound = readonly [partition: number, committed: string, target: string];

export interface RewindAnswer {
  readonly rewound: boolean;
  /** How many records are read again. */
  readonly records: number;
  /** Those that are set back, at most 100 of them. */
  readonly partitions: readonly Rewound[];
  readonly reason?: string;
}

export interface RewindOptions {
  readonly kafka: Kafka;
  /** For a message. */
  readonly username: string;
  readonly config: Pick<ToolsConfig, 'prices' | 'consumer_group'>;
  /** @default 60 s; tests are short of time */
  readonly emptyMs?: number;
  /** How long Kafka may take to set it; it is tried for twice as long. @default 30 s */
  readonly setMs?: number;
}

interface Position {
  readonly partition: number;
  readonly offset: string;
}

/** Never forward: that would leave out what nobody has read. */
export function planRewind(committed: readonly Position[], targets: readonly Position[]): Rewound[] {
  const next = new Map(committed.map(({ partition, offset }) => [partition, BigInt(offset)]));
  return [...targets]
    .sort((a, b) => a.partition - b.partition)
    .flatMap(({ partition, offset }): Rewound[] => {
      const from = next.get(partition) ?? -1n;
      return from > BigInt(offset) ? [[partition, String(from), offset]] : [];
    });
}

/** @throws FinalError where a login or a right is wrong; Error where it cannot be done now */
export async function rewind(request: RewindRequest, options: RewindOptions): Promise<RewindAnswer> {
  const admin = options.kafka.admin({ retry: { retries: 2 } });
  const { prices, consumer_group: group } = options.config;
  try {
    const plan = await waitFor({
      ...{ what: `asking for the offsets of ${group}`, deadlineMs: CONNECT_MS, isFinal: createIsFinal() },
      action: () => orTell(() => look(admin, request, options.config), options),
    });
    if (plan.length > 0 && !request.dry_run) {
      await untilEmpty(admin, group, options.emptyMs ?? EMPTY_MS);
      await orTell(() => setBack(admin, group, prices.name, plan, options.setMs ?? SET_MS), options);
    }
    return {
      rewound: !request.dry_run,
      records: plan.reduce((sum, [, from, to]) => sum + Number(BigInt(from) - BigInt(to)), 0),
      partitions: plan.slice(0, PARTITIONS_NAMED),
    };
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}

async function look(
  admin: Admin,
  { since }: RewindRequest,
  { prices, consumer_group: group }: RewindOptions['config'],
): Promise<Rewound[]> {
  await admin.connect();
  return planRewind(await committedOf(admin, group, prices.name), await targetsOf(admin, prices.name, since));
}

const committedOf = async (admin: Admin, groupId: string, topic: string): Promise<Position[]> =>
  (await admin.fetchOffsets({ groupId, topics: [topic] }))[0]?.partitions ?? [];

/** The oldest record that is there, or the first one that the broker stamped at that moment or later. */
async function targetsOf(admin: Admin, topic: string, since: string | undefined): Promise<Position[]> {
  if (since !== undefined) return admin.fetchTopicOffsetsByTimestamp(topic, Date.parse(since));
  return (await admin.fetchTopicOffsets(topic)).map(({ partition, low }) => ({ partition, offset: low }));
}

const untilEmpty = (admin: Admin, groupId: string, deadlineMs: number): Promise<void> =>
  waitFor({
    ...{ what: `waiting until nobody reads as ${groupId}`, deadlineMs },
    action: async () => {
      const [group] = (await admin.describeGroups([groupId])).groups;
      if (group && !NO_MEMBERS.has(group.state))
        throw new Error(`its state is ${group.state}, with ${group.members.length} members`);
    },
  });

/** Until it is as planned: a consumer of kafkajs that has to join again forgets what it was to set. */
const setBack = (
  admin: Admin,
  groupId: string,
  topic: string,
  plan: readonly Rewound[],
  setMs: number,
): Promise<void> =>
  waitFor({
    ...{ what: `setting back the group ${groupId}`, deadlineMs: 2 * setMs, isFinal: isDenied },
    action: async () => {
      const partitions = plan.map(([partition, , offset]) => ({ partition, offset }));
      await within(setMs, admin.setOffsets({ groupId, topic, partitions }));
      const now = new Map((await committedOf(admin, groupId, topic)).map((each) => [each.partition, each.offset]));
      const taken = plan.filter(([partition, , target]) => now.get(partition) === target).length;
      if (taken < plan.length)
        throw new Error(`Kafka has taken the offsets of ${inWords(taken)} of ${inWords(plan.length)} partitions`);
    },
  });

/** Where the group may not be joined, kafkajs neither resolves nor rejects. */
async function within(deadlineMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const why = `Kafka has not answered for ${deadlineMs / 1_000} s: it may be that the login lacks Read on the group`;
    timer = setTimeout(() => reject(new Error(why)), deadlineMs);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** @throws FinalError in place of a refusal */
async function orTell<T>(work: () => Promise<T>, { username, config }: RewindOptions): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const cause = { cause: error };
    if ((error as Error).name === 'KafkaJSSASLAuthenticationError')
      throw new FinalError(`Kafka refuses the login of ${username} (${errorText(error)})`, cause);
    if (!isDenied(error)) throw error;
    const what = `the group ${config.consumer_group} on the topic ${config.prices.name}`;
    throw new FinalError(`${username} may not set back ${what}: allow Read on both (${errorText(error)})`, cause);
  }
}
