/** Each state is documented, can be reached, and is shown by /health and by the metrics. */
import { readFileSync } from 'node:fs';
import { decideHealth } from '../../../services/common/health';
import { STATES, statesOf, type StateCode, type StateRule } from '../../../services/common/health-states';
import { Metrics } from '../../../services/common/metrics';
import { processorFindings, type StateFacts } from '../../../services/processor/health';
import { producerFindings } from '../../../services/producer/health';
import { healthyProcessor } from '../processor/support';

const DOCUMENT = 'docs/delivery.md';

const rows = (Object.entries(STATES) as [StateCode, StateRule][]).map(([state, { services, means, next }]) => [
  `\`${state}\``,
  services.join(', '),
  means,
  next,
]);

/** The cells of the table below a heading of columns. */
function tableBelow(columns: readonly string[]): string[][] {
  const lines = readFileSync(DOCUMENT, 'utf8').split('\n');
  const cells = lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  const start = cells.findIndex((row) => row.join() === columns.join());
  const end = cells.findIndex((row, index) => index > start && row.length === 0);
  return start < 0 ? [] : cells.slice(start + 2, end);
}

test('docs/delivery.md has the table of the states, word for word', () => {
  expect(tableBelow(['state', 'of', 'holds when', 'what to do'])).toEqual(rows);
});

/** Facts under which each state of the processor holds. */
const processor: Record<string, Partial<StateFacts>> = {
  'kafka-unusable': { kafkaProblems: ['Kafka: away'] },
  'topic-unusable': { kafkaProblems: ['Kafka: topic metals-prices does not exist'] },
  'kafka-disk-full': { kafkaProblems: ['Kafka: KAFKA_STORAGE_ERROR'] },
  'replica-behind': { replicasBehind: ['metals-prices-3 on broker 2'] },
  'quorum-incomplete': { quorumProblem: "Kafka's quorum of 3, led by broker 1: broker 2 has no vote" },
  'mongodb-unusable': { mongodbProblems: ['MongoDB: away'] },
  'mongodb-disk-full': { mongodbDiskRatio: 0.95 },
  'group-joining': { waitingToJoin: 'waiting to join the group g' },
  'group-expelled': { expelled: true },
  'partition-without-owner': { unowned: [0] },
  'partition-stuck': { stuckPartitions: [{ partition: 0, lag: 1, forMs: 8_000 }] },
  'topic-truncated': { truncatedPartitions: [0] },
  'offset-gone': { stoppedPartitions: [0] },
  'clock-skewed': { clockSkewMs: 10_001 },
  'poison-record': { recent: [{ state: 'poison-record', detail: 'r' }] },
  'unique-index': { recent: [{ state: 'unique-index', detail: 'i' }] },
  'dead-letters-refused': { deadLetterProblem: 'dead letters: away' },
  'commits-refused': { commitProblem: 'offsets: away' },
  lagging: { lagRecords: 101 },
};

type ProducerFacts = Parameters<typeof producerFindings>[0];
const well: ProducerFacts = { kafkaProblems: [], queueFull: false, feedProblem: undefined, clockSkewMs: 0 };
const producer: Record<string, Partial<ProducerFacts>> = {
  'kafka-unusable': { kafkaProblems: ['Kafka: away'] },
  'topic-unusable': { kafkaProblems: ['Kafka: topic metals-prices does not exist'] },
  'kafka-disk-full': { kafkaProblems: ['Kafka: KAFKA_STORAGE_ERROR'] },
  'clock-skewed': { clockSkewMs: -10_001 },
  'queue-full': { queueFull: true },
  'feed-failing': { feedProblem: 'feed: away' },
};
/** These restart the replica: processorHealth and producerHealth decide them. */
const RESTARTING: readonly StateCode[] = ['consumer-silent', 'send-stuck'];

test('facts are given for each state, so none is a row of the table alone', () => {
  const reachable = (facts: object): string[] => [...Object.keys(facts), ...RESTARTING].sort();
  expect(reachable(processor)).toEqual([...statesOf('processor'), 'send-stuck'].sort());
  expect(reachable(producer)).toEqual([...statesOf('producer'), 'consumer-silent'].sort());
});

const cases = [
  ...Object.entries(processor).map(
    ([state, facts]) => ['processor', state, processorFindings({ ...healthyProcessor, ...facts })] as const,
  ),
  ...Object.entries(producer).map(
    ([state, facts]) => ['producer', state, producerFindings({ ...well, ...facts })] as const,
  ),
];

test.each(cases)('the %s that is in state %s says so in /health and in its metrics', async (service, state, found) => {
  expect(found.map((finding) => finding.state)).toEqual([state]);
  const { status, states, reasons } = decideHealth({
    everReady: true,
    findings: found,
    stuck: undefined,
    stopping: false,
  });
  expect({ status, states }).toEqual({ status: 'degraded', states: [state] });
  expect(reasons[0]).toContain(`; next: ${STATES[state as StateCode].next}`);
  const metrics = new Metrics(service);
  metrics.healthStates(() => found);
  const lines = (await metrics.reply()).body.split('\n').filter((line) => line.includes('_health_state{'));
  expect(lines).toHaveLength(statesOf(service).length);
  expect(lines.filter((line) => line.endsWith(' 1'))).toEqual([`metals_${service}_health_state{state="${state}"} 1`]);
});

test('all is well: no state, in neither service', () => {
  expect(processorFindings(healthyProcessor)).toEqual([]);
  expect(producerFindings(well)).toEqual([]);
});
