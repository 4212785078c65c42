import { ProcessorMetrics } from '../../../services/processor/metrics';
import type { DeadLetter } from '../../../services/processor/process-batch';
import type { DeadLetterReason, PriceDocument } from '../../../services/processor/record';

const nowMs = Date.parse('2026-03-01T12:00:00Z');
beforeEach(() => jest.spyOn(Date, 'now').mockReturnValue(nowMs));
afterEach(() => jest.restoreAllMocks());

const observed = (agoMs: number): PriceDocument => ({ timestamp: new Date(nowMs - agoMs) }) as PriceDocument;
const letter = (reason: DeadLetterReason): DeadLetter => ({
  record: { topic: 'metals-prices', partition: 2, offset: '17', appendedMs: 0, key: null, value: null },
  reason,
  detail: 'for a person',
});

const linesOf = async (metrics: ProcessorMetrics): Promise<string[]> =>
  (await metrics.reply()).body.split('\n').filter((line) => line.startsWith('metals_processor_'));

test('what is read, written, stored and given up is counted, with units in the names', async () => {
  const metrics = new ProcessorMetrics();
  metrics.onRead(7);
  metrics.onRead(2);
  metrics.onWrite(5, 0.02);
  metrics.onWrite(1, 0.2);
  metrics.onStored([observed(300), observed(2_000)]);
  metrics.onResult({ inserted: 3, repeated: 5, deadLetters: [letter('not-json'), letter('id-conflict')] });
  metrics.onResult({ inserted: 1, repeated: 0, deadLetters: [letter('not-json')] });
  metrics.writeRetries.inc();
  metrics.writeRetries.inc();
  metrics.resets.inc();
  metrics.requests.observe({ route: 'GET /health', status: '200' }, 0.001);
  const lines = await linesOf(metrics);
  for (const line of [
    'metals_processor_events_read_total 9',
    'metals_processor_events_total{result="inserted"} 4',
    'metals_processor_events_total{result="repeated"} 5',
    'metals_processor_events_total{result="dead_letter"} 3',
    'metals_processor_dead_letters_total{reason="not-json"} 2',
    'metals_processor_dead_letters_total{reason="id-conflict"} 1',
    'metals_processor_batch_documents_count 2',
    'metals_processor_batch_documents_sum 6',
    'metals_processor_write_duration_seconds_count 2',
    'metals_processor_write_duration_seconds_bucket{le="0.025"} 1',
    'metals_processor_write_duration_seconds_bucket{le="0.25"} 2',
    'metals_processor_end_to_end_seconds_count 2',
    'metals_processor_end_to_end_seconds_sum 2.3',
    'metals_processor_end_to_end_seconds_bucket{le="0.25"} 0',
    'metals_processor_end_to_end_seconds_bucket{le="0.5"} 1',
    'metals_processor_end_to_end_seconds_bucket{le="2.5"} 2',
    'metals_processor_write_retries_total 2',
    'metals_processor_offset_resets_total 1',
    'metals_processor_http_request_duration_seconds_count{route="GET /health",status="200"} 1',
  ]) {
    expect(lines).toContain(line);
  }
  expect(lines.some((line) => line.startsWith('metals_processor_event_loop_delay_p99_seconds '))).toBe(true);
});

test('what is safe is inserted or was there before: a dead letter is not processed', () => {
  const metrics = new ProcessorMetrics();
  metrics.onResult({ inserted: 3, repeated: 2, deadLetters: [letter('not-json')] });
  metrics.onResult({ inserted: 1, repeated: 0, deadLetters: [] });
  expect(metrics.processedCount).toBe(6);
});

test('an event from the future took no time, rather than less than none', async () => {
  const metrics = new ProcessorMetrics();
  metrics.onStored([observed(-5_000)]);
  const lines = await linesOf(metrics);
  expect(lines).toContain('metals_processor_end_to_end_seconds_sum 0');
  expect(lines).toContain('metals_processor_end_to_end_seconds_bucket{le="0.001"} 1');
});
