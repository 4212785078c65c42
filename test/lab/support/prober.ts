/** POSTs prices all the time, each once, as clients that repeat nothing; tells what became of each. */
import { Agent, request } from 'node:http';
import { UuidV7Generator } from '../../../services/common/uuid';
import { PRODUCER_URL } from './pipeline';
import { apiKey } from './secrets';

const POSTS_PER_SECOND = 10;
const TIMEOUT_MILLISECONDS = 15_000;

export interface Probe {
  /** After the beginning of what was going on meanwhile. */
  readonly startedSeconds: number;
  /** A status, or why there was no answer. */
  readonly outcome: string;
}

export type Connections = 'a connection for each' | 'kept connections';

function post(event: object, key: string, agent: Agent | false): Promise<string> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json', 'x-api-key': key };
    const sent = request(`${PRODUCER_URL}/produce`, { method: 'POST', agent, headers }, (response) => {
      response.resume();
      response.on('end', () => resolve(String(response.statusCode)));
      response.on('error', (error: NodeJS.ErrnoException) => resolve(`answer cut off: ${error.code ?? error.message}`));
    });
    const giveUp = setTimeout(() => sent.destroy(new Error('silence')), TIMEOUT_MILLISECONDS);
    sent.on('close', () => clearTimeout(giveUp));
    sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    sent.end(JSON.stringify(event));
  });
}

/** Probes at a steady rate, by both kinds of clients, while `work` runs; answers each kind's. */
export async function probing(work: () => Promise<void>): Promise<Readonly<Record<Connections, readonly Probe[]>>> {
  const key = await apiKey();
  const source = `lab-front-${Date.now()}`;
  const ids = new UuidV7Generator();
  const agents: Record<Connections, Agent | false> = {
    'a connection for each': false,
    'kept connections': new Agent({ keepAlive: true, maxSockets: 8 }),
  };
  const probes: Record<Connections, Promise<Probe>[]> = { 'a connection for each': [], 'kept connections': [] };
  const begin = Date.now();
  const timer = setInterval(() => {
    const startedSeconds = (Date.now() - begin) / 1000;
    for (const [kind, agent] of Object.entries(agents) as [Connections, Agent | false][]) {
      const event = { event_id: ids.next(), metal: 'gold', price: 1, source };
      probes[kind].push(post(event, key, agent).then((outcome) => ({ startedSeconds, outcome })));
    }
  }, 1000 / POSTS_PER_SECOND);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  const done = {
    'a connection for each': await Promise.all(probes['a connection for each']),
    'kept connections': await Promise.all(probes['kept connections']),
  };
  (agents['kept connections'] as Agent).destroy();
  return done;
}

/** What was not accepted, such as `ECONNRESET: 3 of 1200, from 2.1 s to 9.8 s`; empty when all was. */
export function failures(probes: readonly Probe[]): string[] {
  const failed = probes.filter(({ outcome }) => outcome !== '202');
  return [...new Set(failed.map(({ outcome }) => outcome))].sort().map((outcome) => {
    const times = failed.filter((probe) => probe.outcome === outcome).map(({ startedSeconds }) => startedSeconds);
    const [first, last] = [Math.min(...times).toFixed(1), Math.max(...times).toFixed(1)];
    return `${outcome}: ${times.length} of ${probes.length}, from ${first} s to ${last} s`;
  });
}
