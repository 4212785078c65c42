/** What /health and /produce answer while MongoDB or Kafka is away: nothing is restarted for it, and nothing accepted. */
import { startRig, type Rig } from '../rig/rig';
import { call, type Answer } from '../rig/http';
import type { Task, TaskHealth } from '../rig/task';
import { GaveUpError, waitUntil } from '../rig/wait';
import { Fleet } from './support/fleet';
import { post } from './support/post';
import { settled } from './support/topics';
import { storedSources, tell } from './support/trial';

jest.setTimeout(120_000);

const BURST = 1_000;

let rig: Rig;
let fleet: Fleet;
let producer: Task;
let processor: Task;
beforeAll(async () => {
  rig = await startRig({ name: 'health', report: tell });
  fleet = new Fleet(rig);
  producer = await fleet.add('producer');
});
afterAll(() => rig?.stop());

interface Expected {
  readonly code: number;
  readonly status: string;
  readonly reason?: RegExp;
  /** Whether 503 may come before. @default false */
  readonly afterStart?: boolean;
}

/** One 503 in between is one too many: Swarm restarts what answers so. */
async function untilHealth(task: Task, expected: Expected): Promise<void> {
  const { code, status, reason, afterStart = code === 503 } = expected;
  await waitUntil({ what: `${task.container} ${status}`, timeoutSeconds: 30, report: tell }, async () => {
    const answer = await call(`${task.url}/health`);
    const health = JSON.parse(answer.text) as TaskHealth;
    const isExpected = answer.status === code && health.status === status;
    const isNamed = reason === undefined || health.reasons.some((text) => reason.test(text));
    if (isExpected && isNamed) return undefined;
    const text = `${answer.status} ${health.status}: ${health.reasons.join('; ')}`;
    if (answer.status !== 200 && !afterStart) throw new GaveUpError(text);
    return text;
  });
}
const healthy: Expected = { code: 200, status: 'healthy' };
const degraded = (reason: RegExp): Expected => ({ code: 200, status: 'degraded', reason });

const send = (event: object): Promise<Answer> =>
  post(producer.url, rig.apiKey, { metal: 'gold', price: 1850.25, ...event });

/** The same process as before, and Docker knows of no reason why it should not be. */
async function unharmed(tasks: readonly Task[], work: () => Promise<void>): Promise<void> {
  const before = await Promise.all(tasks.map((task) => task.state()));
  await work();
  expect(await Promise.all(tasks.map((task) => task.state()))).toEqual(before);
  expect(before).toEqual(tasks.map(() => expect.objectContaining({ running: true, oomKilled: false })));
}

async function back(store: Task): Promise<void> {
  await store.start();
  await store.ready();
}

test('a processor that starts without MongoDB is starting, 503, and healthy once it is there', async () => {
  await rig.mongodb.kill();
  processor = await fleet.add('processor', { wait: false });
  await untilHealth(processor, { code: 503, status: 'starting', reason: /^MongoDB: (?!Topology is closed)/ });
  await unharmed([processor], async () => {
    await back(rig.mongodb);
    await untilHealth(processor, { ...healthy, afterStart: true });
  });
});

test('MongoDB away: the processor is degraded, 200, repeats its insert, and stores all of it afterwards', async () => {
  const sources = Array.from({ length: 5 }, (_, n) => `oracle:mongodb-away:${n}`);
  await unharmed([producer, processor], async () => {
    await rig.mongodb.kill();
    const answers = await Promise.all(sources.map((source) => send({ source })));
    expect(answers.map(({ status }) => status)).toEqual(sources.map(() => 202));
    await untilHealth(processor, degraded(/^MongoDB: (?!Topology is closed)/));
    await waitUntil({ what: 'a repeated insert', timeoutSeconds: 30 }, async () => {
      const retries = (await processor.metrics()).get('metals_processor_write_retries_total') ?? 0;
      return retries > 0 ? undefined : 'none';
    });
    await back(rig.mongodb);
    await settled(rig.kafkaClient(), 30, tell);
    await untilHealth(processor, healthy);
  });
  expect(await storedSources(rig, 'mongodb-away')).toEqual(sources);
});

test(`Kafka away: both are degraded, 200, and ${BURST} requests at once are all refused with Retry-After`, async () => {
  await unharmed([producer, processor], async () => {
    await rig.kafka.kill();
    const [answers] = await Promise.all([
      Promise.all(Array.from({ length: BURST }, (_, n) => send({ source: `burst:${n}` }))),
      untilHealth(producer, degraded(/^Kafka: /)),
      untilHealth(processor, degraded(/^Kafka( consumer)?: /)),
    ]);
    const kinds = answers.map(({ status, headers }) => `${status}, Retry-After ${headers['retry-after']}`);
    tell(
      `${BURST} requests: ${[...new Set(kinds)].map((kind) => `${kinds.filter((k) => k === kind).length} × ${kind}`)}`,
    );
    expect(kinds.filter((kind) => !/^50[34], Retry-After \d+$/.test(kind))).toEqual([]);
    await back(rig.kafka);
    await waitUntil({ what: 'an accepted event', timeoutSeconds: 30 }, async () => {
      const { status, text } = await send({ source: 'afterwards' });
      return status === 202 ? undefined : `${status}: ${text}`;
    });
    await Promise.all([producer, processor].map((task) => untilHealth(task, healthy)));
  });
});

test('a processor with a wrong password for MongoDB is starting, 503, and says why without the password', async () => {
  const wrong = 'not-the-password';
  const stranger = await fleet.add('processor', { wait: false, secrets: { 'mongodb-password-processor': wrong } });
  await unharmed([stranger], () =>
    untilHealth(stranger, { code: 503, status: 'starting', reason: /^MongoDB: .*[Aa]uthentication failed/ }),
  );
  expect(await stranger.logs()).not.toContain(wrong);
});
