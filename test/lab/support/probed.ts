/** A client that sends prices one after the other while something else goes on, each over a connection of its own. */
import { produce } from './pipeline';
import { apiKey } from './secrets';

const PROBE_MILLISECONDS = 250;

export interface Probed<T> {
  readonly result: T;
  /** Of every request; 0 for a connection that broke. */
  readonly statuses: readonly number[];
}

export async function probed<T>(work: () => Promise<T>): Promise<Probed<T>> {
  const key = await apiKey();
  const statuses: number[] = [];
  let working = true;
  const client = (async () => {
    while (working) {
      const event = { metal: 'gold', price: 1, source: 'lab-probe' };
      statuses.push((await produce(event, key).catch(() => ({ status: 0 }))).status);
      await new Promise((resolve) => setTimeout(resolve, PROBE_MILLISECONDS));
    }
  })();
  try {
    return { result: await work(), statuses };
  } finally {
    working = false;
    await client;
  }
}
