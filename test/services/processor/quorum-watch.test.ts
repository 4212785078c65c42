import Decoder from 'kafkajs/src/protocol/decoder';
import type { AskedBroker } from '../../../services/common/kafka-request';
import { hasQuorum, QuorumWatch } from '../../../services/processor/quorum-watch';
import { createLogger } from '../../../services/common/log';
import { ALL_FOLLOW, ONE_STANDS_STILL } from './recorded-quorums';

const silent = createLogger('test', '0', 'silent');
const answer = (hex: string) => () => Promise.resolve(new Decoder(Buffer.from(hex, 'hex')));
const refusal = (text: string) => () => Promise.reject<Decoder>(new Error(text));

/** Each connection answers what is next, and counts that it was closed. */
function watchOf(connections: ((() => Promise<Decoder>)[] | Error)[], expectedBrokers = 3) {
  const closed: number[] = [];
  let connected = 0;
  const connect = async (): Promise<AskedBroker> => {
    const number = connected++;
    const answers = connections[number]!;
    if (answers instanceof Error) throw answers;
    return { send: () => answers.shift()!(), close: async () => void closed.push(number) };
  };
  const watch = new QuorumWatch({ connect, expectedBrokers, intervalMs: 5, logger: silent });
  return { watch, closed };
}

test('is asked of several brokers of this stack alone', () => {
  const timeouts = { connection_timeout_ms: 1, request_timeout_ms: 1 };
  expect(hasQuorum({ brokers: ['kafka:9092'], ...timeouts })).toBe(false);
  const brokers = ['kafka:9092', 'kafka-2:9092', 'kafka-3:9092'];
  expect(hasQuorum({ brokers, ...timeouts })).toBe(true);
  expect(hasQuorum({ brokers, ...timeouts, external: {} })).toBe(false);
});

test('one connection is asked again and again, and closed in the end', async () => {
  const { watch, closed } = watchOf([[answer(ALL_FOLLOW), answer(ALL_FOLLOW)]]);
  await watch.check();
  await watch.check();
  expect([watch.quorum?.leader, watch.problem, closed]).toEqual([3, undefined, []]);
  await watch.stop();
  expect(closed).toEqual([0]);
});

test('a broker that has ended since it was asked last is no problem: the next one answers', async () => {
  const { watch, closed } = watchOf([[answer(ALL_FOLLOW), refusal('Closed connection')], [answer(ALL_FOLLOW)]]);
  await watch.check();
  await watch.check();
  expect([watch.quorum?.leader, watch.problem, closed]).toEqual([3, undefined, [0]]);
  await watch.stop();
});

test('a quorum without a leader, of which a broker holds the answer back, is a problem until there is one', async () => {
  const { watch, closed } = watchOf([[refusal('Request DescribeQuorum timed out')], [answer(ALL_FOLLOW)]]);
  await watch.check();
  expect([watch.quorum, watch.problem, closed]).toEqual([
    undefined,
    "Kafka's quorum gives no answer: Request DescribeQuorum timed out",
    [0],
  ]);
  await watch.check();
  expect([watch.quorum?.leader, watch.problem]).toEqual([3, undefined]);
  await watch.stop();
});

test('a Kafka that cannot be reached is not the quorum, and what was known of it before is not told any more', async () => {
  const away = new Error('connect ECONNREFUSED');
  const { watch } = watchOf([[answer(ALL_FOLLOW), refusal('Closed connection')], away]);
  await watch.check();
  await watch.check();
  expect([watch.quorum, watch.problem]).toEqual([undefined, undefined]);
  await watch.stop();
});

test('what was seen is told until the next look has ended', async () => {
  let answerNow: (decoder: Decoder) => void = () => undefined;
  const slow = () => new Promise<Decoder>((resolve) => (answerNow = resolve));
  const { watch } = watchOf([[answer(ONE_STANDS_STILL), slow]]);
  await watch.check();
  const looking = watch.check();
  await new Promise((resolve) => setImmediate(resolve));
  expect([watch.quorum?.leader, watch.problem]).toEqual([1, expect.stringContaining('broker 3')]);
  answerNow(await answer(ALL_FOLLOW)());
  await looking;
  expect([watch.quorum?.leader, watch.problem]).toEqual([3, undefined]);
  await watch.stop();
});

test('a look without an answer keeps nobody from stopping', async () => {
  const { watch, closed } = watchOf([[() => new Promise<Decoder>(() => undefined)]]);
  watch.start();
  await new Promise((resolve) => setTimeout(resolve, 20));
  await watch.stop();
  expect(closed).toEqual([0]);
});

test('a started watch looks by itself until it is stopped', async () => {
  const { watch, closed } = watchOf([Array.from({ length: 1_000 }, () => answer(ALL_FOLLOW))]);
  watch.start();
  while (watch.quorum === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
  await watch.stop();
  expect(closed).toEqual([0]);
});
