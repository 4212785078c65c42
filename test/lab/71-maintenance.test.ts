/** Events are refused with a message while an operator wants that; what was accepted before is stored. */
import { UuidV7Generator } from '../../services/common/uuid';
import { parseBySchema } from '../lib/cli/schemas';
import { http, mustBeStored, PROCESSOR_URL, produce, PRODUCER_URL } from './support/pipeline';
import { metals } from './support/run';
import { apiKey } from './support/secrets';
import { inFullRun, mustDeploy } from './support/sequences';

jest.setTimeout(900_000);

const MESSAGE = 'back at 14:00 UTC, see https://example.org/status';

async function maintenance(...args: string[]): Promise<unknown> {
  const { code, stdout, stderr } = await metals('maintenance', ...args, '--json');
  if (code !== 0) throw new Error(`metals maintenance ${args.join(' ')}: exit code ${code}\n${stderr}`);
  return parseBySchema('maintenance', stdout);
}

/** What everybody reads of it; exit code 0, for it is no fault. */
async function status(): Promise<{ readonly maintenance: string | null; readonly notes: readonly string[] }> {
  const { code, stdout, stderr } = await metals('status', '--json');
  if (code !== 0) throw new Error(`metals status: exit code ${code}\n${stderr}`);
  return JSON.parse(stdout) as { maintenance: string | null; notes: string[] };
}

/**
 * Sends an event every 50 ms while `work` runs; what each was answered, without those that an edge that ends breaks off, or
 * one that begins does not know a replica for.
 */
async function answersDuring(source: string, work: () => Promise<unknown>) {
  const key = await apiKey();
  const ids = new UuidV7Generator();
  const answers: { readonly id: string; readonly status: number; readonly body: any }[] = [];
  const requests: Promise<unknown>[] = [];
  const send = async (): Promise<void> => {
    const id = ids.next();
    const answer = await produce({ event_id: id, metal: 'gold', price: 1850, source }, key).catch(() => undefined);
    if (answer !== undefined && answer.body.type !== 'urn:metals:problem:no-replica') answers.push({ id, ...answer });
  };
  const sending = setInterval(() => requests.push(send()), 50);
  try {
    await work();
  } finally {
    clearInterval(sending);
  }
  await Promise.all(requests);
  return answers;
}

// Whatever failed, the tests behind this one send events.
afterAll(() => maintenance('off'));

/** What is so while events are refused. */
async function isUnderMaintenance(): Promise<void> {
  expect(await maintenance()).toMatchObject({ maintenance: true, message: MESSAGE });
  const refusal = await fetch(`${PRODUCER_URL}/produce`, { method: 'POST', body: '{}' });
  expect([refusal.status, refusal.headers.get('retry-after')]).toEqual([503, '60']);
  expect(await refusal.json()).toMatchObject({ type: 'urn:metals:problem:maintenance', status: 503, detail: MESSAGE });
  for (const url of [`${PRODUCER_URL}/health`, `${PRODUCER_URL}/metrics`, `${PROCESSOR_URL}/health`])
    expect((await http('GET', url)).status).toBe(200);
  const { maintenance: message, notes } = await status();
  expect(message).toBe(MESSAGE);
  expect(notes.join()).toContain(`under maintenance: POST /produce is answered 503 with "${MESSAGE}"`);
}

test('each event is stored, or refused with the message, and nothing in between; all else is answered', async () => {
  const source = `lab-maintenance-${Date.now()}`;
  const answers = await answersDuring(source, async () => {
    expect(await maintenance('on', '--message', MESSAGE)).toMatchObject({ changed: true, message: MESSAGE });
    expect(await maintenance('on', '--message', MESSAGE)).toMatchObject({ changed: false });
    await isUnderMaintenance();
    expect(await maintenance('off')).toMatchObject({ changed: true, message: null });
  });
  expect((await status()).maintenance).toBeNull();
  const refused = answers.filter(({ status: code }) => code === 503);
  expect(new Set(answers.map(({ status: code }) => code))).toEqual(new Set([202, 503]));
  expect(new Set(refused.map(({ body }) => body.detail))).toEqual(new Set([MESSAGE]));
  const accepted = answers.filter(({ status: code }) => code === 202);
  await mustBeStored(
    source,
    accepted.map(({ id }) => id),
  );
});

inFullRun('a deployment that changes the edge, the producer and the processor', () => {
  // For what comes after this file.
  afterAll(async () => {
    await maintenance('off');
    await metals('scale', 'producer=2', 'processor=1');
    await mustDeploy();
  });

  test('keeps maintenance and numbers of replicas, and one that says other numbers does not', async () => {
    await maintenance('on', '--message', MESSAGE);
    await metals('scale', 'producer=4', 'processor=2');
    await mustDeploy({ clientRequestsPerSecond: 900, feedEventsPerSecond: 2 });
    const kept = (await metals('scale', '--json')).stdout;
    expect(JSON.parse(kept)).toMatchObject({
      services: [
        { name: 'processor', to: 2, deployed: 1 },
        { name: 'producer', to: 4, deployed: 2 },
      ],
    });
    expect((await status()).maintenance).toBe(MESSAGE);
    await mustDeploy({ clientRequestsPerSecond: 900, feedEventsPerSecond: 2, producerReplicas: 3 });
    expect(JSON.parse((await metals('scale', '--json')).stdout)).toMatchObject({
      services: [
        { name: 'processor', to: 2, deployed: 1 },
        { name: 'producer', to: 3, deployed: 3 },
      ],
    });
  });
});
