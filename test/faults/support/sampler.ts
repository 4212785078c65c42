/** Looks during a run at what is committed and what is stored, and at what the services take. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Rig } from '../../rig/rig';
import type { Sample, Samples } from './observed';
import { DEAD_LETTERS, endOf, GROUP, TOPIC, withAdmin } from './topics';

const INTERVAL_MS = 4_000;
/** Reading all documents must not become the load itself: so many times as long as a look takes, nothing is looked at. */
const REST_FACTOR = 9;
const LONGEST_REST_MS = 30_000;
/** A look into a store that is frozen may never end. */
const LONGEST_LOOK_MS = 15_000;

export class Sampler {
  private readonly samples: Sample[] = [];
  private readonly firstSeen = new Map<string, number>();
  private readonly stopping = new AbortController();
  private readonly running: Promise<void>;
  private failed = 0;

  constructor(private readonly rig: Rig) {
    this.running = this.run();
  }

  async stop(): Promise<Samples> {
    this.stopping.abort();
    await this.running;
    return { samples: this.samples, firstSeen: this.firstSeen, failed: this.failed };
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const startMs = performance.now();
      // Never two at a time, for together they would be the load.
      const look = this.look().then(
        () => true,
        () => false,
      );
      const succeeded = await Promise.race([look, sleep(LONGEST_LOOK_MS, false, { ref: false })]);
      if (!succeeded) this.failed += 1;
      const restMs = Math.min(LONGEST_REST_MS, REST_FACTOR * (performance.now() - startMs));
      await sleep(succeeded ? Math.max(INTERVAL_MS, restMs) : INTERVAL_MS, undefined, { signal }).catch(
        () => undefined,
      );
    }
  }

  /** One more, now: for what is wrong for a few seconds alone. In this order: what is committed by now must be stored, or be a dead letter, by the time that is looked at next. */
  async look(): Promise<void> {
    const { committed, lettersEnd } = await withAdmin(this.rig.kafkaClient(), async (admin) => {
      const [{ partitions }] = await admin.fetchOffsets({ groupId: GROUP, topics: [TOPIC] });
      const offsets = partitions.map(({ partition, offset }) => [partition, Number(offset)] as const);
      const end = await endOf(admin, DEAD_LETTERS);
      return { committed: new Map(offsets), lettersEnd: end.get(0) ?? 0 };
    });
    const client = this.rig.mongoClient();
    try {
      const prices = client.db('metals').collection<{ _id: string }>('prices');
      const ids = await prices.find({}, { projection: { _id: 1 } }).toArray();
      const index = this.samples.length;
      for (const { _id: id } of ids) if (!this.firstSeen.has(id)) this.firstSeen.set(id, index);
      this.samples.push({ committed, lettersEnd });
    } finally {
      await client.close();
    }
  }
}
