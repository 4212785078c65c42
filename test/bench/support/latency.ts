import { decodeFromCompressedBase64, type Histogram } from 'hdr-histogram-js';
import { SOURCE } from '../worker/load';
import type { Variant } from '../../rig/variants';

const MARK = 'hdr-histogram ';

/**
 * The processor with an HDR histogram in µs of what is measured: from the moment that an event was due until MongoDB
 * has acknowledged it. It prints it when it ends. Everything else is the product.
 */
export const measuringProcessor: Variant = {
  name: 'latency',
  patches: [
    {
      file: 'services/processor/metrics.ts',
      search: "import { Metrics } from '../common/metrics';\n",
      replace: `import { writeSync } from 'node:fs';
import { build, encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import { Metrics } from '../common/metrics';
const latencies = build({ highestTrackableValue: 3_600_000_000, numberOfSignificantValueDigits: 3 });
process.once('exit', () => writeSync(1, \`\\n${MARK}\${encodeIntoCompressedBase64(latencies)}\\n\`));
`,
    },
    {
      file: 'services/processor/metrics.ts',
      search: '  onStored(documents: readonly PriceDocument[]): void {\n',
      replace: `  onStored(documents: readonly PriceDocument[]): void {
    const nowMs = performance.timeOrigin + performance.now();
    for (const { timestamp, source } of documents)
      if (source === ${JSON.stringify(SOURCE.measured)})
        latencies.recordValue(Math.max(1, Math.round((nowMs - timestamp.getTime()) * 1_000)));
`,
    },
  ],
};

/** Merges what replicas have printed: percentiles cannot be averaged. */
export function mergeLatencies(logs: readonly string[]): Histogram {
  const encoded = logs.flatMap((log) => log.split('\n').filter((line) => line.startsWith(MARK)));
  if (encoded.length !== logs.length)
    throw new Error(`${encoded.length} of ${logs.length} replicas printed a histogram`);
  const [first, ...others] = encoded.map((line) => decodeFromCompressedBase64(line.slice(MARK.length).trim()));
  for (const other of others) first.add(other);
  return first;
}

export const percentilesMs = (histogram: Histogram): Record<'p50 ms' | 'p95 ms' | 'p99 ms', number> => ({
  'p50 ms': histogram.getValueAtPercentile(50) / 1_000,
  'p95 ms': histogram.getValueAtPercentile(95) / 1_000,
  'p99 ms': histogram.getValueAtPercentile(99) / 1_000,
});
