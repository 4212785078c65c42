import { drain, storeLimit, type DrainRequest, type DrainResult } from '../support/drain';
import { withRig } from '../support/rig';
import type { Row, Suite } from '../support/suite';

const SMALLEST_BACKLOG = 10_000;
/** A second each: the median tells more than one of them. */
const SMALLEST_BACKLOG_RUNS = 5;

/** How the cost of draining grows with the backlog, the partitions, the size of batches and of records. */
export async function costSuite(suite: Suite): Promise<void> {
  const backlogOf = (count: number): number => Math.max(SMALLEST_BACKLOG, suite.events(count));
  const events = backlogOf(100_000);
  await withRig(suite, async (rig) => {
    const run = async (request: DrainRequest): Promise<DrainResult> => {
      suite.note(`drain ${JSON.stringify(request)}`);
      return drain(rig, request);
    };
    // Not measured: the first one warms up the store.
    await run({ events: SMALLEST_BACKLOG });
    const backlogs: Row[] = [];
    for (const backlog of new Set([SMALLEST_BACKLOG, events, backlogOf(1_000_000)])) {
      const results: DrainResult[] = [];
      const runs = backlog === SMALLEST_BACKLOG ? SMALLEST_BACKLOG_RUNS : 1;
      while (results.length < runs) results.push(await run({ events: backlog }));
      const limit = await storeLimit(rig, backlog);
      backlogs.push({ backlog, ...figures(median(results)), 'insertMany loop/s': limit.perSecond });
    }
    suite.table(
      `backlog (of ${SMALLEST_BACKLOG.toLocaleString('en')}, the median of ${SMALLEST_BACKLOG_RUNS})`,
      backlogs,
    );
    const partitions: Row[] = [];
    for (const count of [1, 2, 3, 6]) {
      partitions.push({ partitions: count, ...figures(await run({ events, partitions: count })) });
    }
    suite.table('partitions that hold the backlog', partitions);
    const batches: Row[] = [];
    for (const size of [1, 10, 100, 500, 1_000, 2_000]) {
      const config = { write: { max_documents: size } };
      const share = size < 10 ? 20 : size < 100 ? 4 : 1;
      const result = await run({ events: Math.round(events / share), processor: { config } });
      batches.push({ 'most documents per insert': size, ...figures(result) });
    }
    suite.table('batch size', batches);
    const sizes: Row[] = [];
    for (const recordBytes of [200, 1_000, 4_000, 10_000]) {
      const result = await run({ events: Math.round(events / 2), recordBytes });
      sizes.push({ 'record bytes': recordBytes, ...figures(result) });
    }
    suite.table('record size (JSON padded with blanks; the document stays the same)', sizes);
  });
}

const median = (results: readonly DrainResult[]): DrainResult =>
  [...results].sort((a, b) => a.perSecond - b.perSecond)[Math.floor(results.length / 2)];

const figures = (result: DrainResult): Row => ({
  'events/s': result.perSecond,
  'CPU µs/event': result.cpuMicrosPerEvent,
  'peak resident MB': result.peakMemoryMb,
  'documents per insert': result.batchMean,
});
