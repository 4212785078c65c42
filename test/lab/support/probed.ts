/** A client that sends prices one after the other while something else goes on, each over a connection of its own. */
import { produce } from './pipeline';
import { apiKey } from './secrets';

const PROBE_MILLISECONDS = 250;

export interface Probed<T> {
  readonly result: T;
  readonly requests: number;
  /** Of each that was not answered with 202: after how many seconds, the status, and what the answer or the error said. */
  readonly failed: readonly string[];
}

export async function probed<T>(work: () => Promise<T>): Promise<Probed<T>> {
  const key = await apiKey();
  const begin = Date.now();
  const failed: string[] = [];
  let requests = 0;
  let working = true;
  const client = (async () => {
    while (working) {
      const event = { metal: 'gold', price: 1, source: 'lab-probe' };
      const seconds = ((Date.now() - begin) / 1000).toFixed(1);
      const { status, body } = await produce(event, key).catch((error: Error) => ({ status: 0, body: error.message }));
      requests += 1;
      if (status !== 202) failed.push(`${seconds} s: ${status} ${JSON.stringify(body)}`);
      await new Promise((resolve) => setTimeout(resolve, PROBE_MILLISECONDS));
    }
  })();
  try {
    const result = await work();
    return { result, failed, requests };
  } finally {
    working = false;
    await client;
  }
}
