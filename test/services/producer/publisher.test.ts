import type { Kafka, RecordMetadata } from 'kafkajs';
import { pino } from 'pino';
import type { PriceEvent } from '../../../services/common/event';
import {
  assertAcknowledged,
  KafkaUnavailableError,
  OutcomeUnknownError,
  Publisher,
} from '../../../services/producer/publisher';

const event = (metal: string): PriceEvent => ({
  event_id: `id-${metal}`,
  metal,
  price: 1,
  currency: 'USD',
  unit: 'tonne',
  timestamp: '2026-03-01T12:00:00.000Z',
  source: 'api',
  schema_version: 1,
});
const acknowledged = (partition: number): RecordMetadata => ({
  topicName: 't',
  partition,
  errorCode: 0,
  baseOffset: '0',
});

type Send = (request: { messages: { partition: number }[]; acks: number }) => Promise<RecordMetadata[]>;

/** Counts the producers made, and runs `send` for each of their sends. */
function fakeKafka(send: Send, connect: () => Promise<void> = () => Promise.resolve()) {
  const state = { made: 0, disconnected: 0, options: [] as unknown[] };
  const kafka = {
    producer: (options: unknown) => {
      state.made += 1;
      state.options.push(options);
      const disconnect = async (): Promise<void> => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        state.disconnected += 1;
      };
      return { connect, send, disconnect };
    },
  };
  return { state, kafka: kafka as unknown as Kafka };
}

function publisher(kafka: Kafka, patienceMs = 0, hasOtherBrokers = false): Publisher {
  return new Publisher({
    kafka,
    topic: 't',
    partitionOf: ({ metal }) => (metal === 'gold' ? 0 : 1),
    maxQueuedEvents: 2,
    maxBatchEvents: 10,
    patienceMs,
    hasOtherBrokers,
    logger: pino({ level: 'silent' }),
  });
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 2_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('condition not met in 2 s');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('assertAcknowledged', () => {
  test('an empty answer is a loss, not a success', () => {
    expect(() => assertAcknowledged([], new Set([3]))).toThrow('partition 3 did not acknowledge');
  });
  test('every partition that was sent to must answer', () => {
    expect(() => assertAcknowledged([acknowledged(0)], new Set([0, 1]))).toThrow('partition 1 did not acknowledge');
  });
  test('an error code is an error', () => {
    expect(() => assertAcknowledged([{ ...acknowledged(0), errorCode: 6 }], new Set([0]))).toThrow('error 6');
  });
  test('accepts a full answer', () => {
    expect(() => assertAcknowledged([acknowledged(1), acknowledged(0)], new Set([0, 1]))).not.toThrow();
  });
});

describe('Publisher', () => {
  test('refuses at once while Kafka is away', async () => {
    const { kafka } = fakeKafka(
      async () => [],
      () => Promise.reject(new Error('refused')),
    );
    const subject = publisher(kafka);
    await expect(subject.publish([event('gold')])).rejects.toThrow(KafkaUnavailableError);
    subject.start();
    await until(() => subject.problem === 'Kafka: refused');
    await expect(subject.publish([event('gold')])).rejects.toThrow('Kafka: refused');
    await subject.stop();
  });

  test('asks for idempotence, all replicas and one request in flight', async () => {
    const acks: number[] = [];
    const { kafka, state } = fakeKafka(async (request) => {
      acks.push(request.acks);
      return [acknowledged(0)];
    });
    const subject = publisher(kafka);
    subject.start();
    await until(() => subject.connected);
    await subject.publish([event('gold')]);
    expect(acks).toEqual([-1]);
    expect(state.options[0]).toMatchObject({ idempotent: true, maxInFlightRequests: 1, allowAutoTopicCreation: false });
    await subject.stop();
    expect(state.disconnected).toBe(1);
  });

  test.each([
    ['one broker', false, 1],
    ['several brokers', true, 8],
  ])('with %s kafkajs sends again no more than fits into the time of a send', async (_, hasOtherBrokers, retries) => {
    const { state, kafka } = fakeKafka(async () => []);
    const target = publisher(kafka, 0, hasOtherBrokers);
    target.start();
    await until(() => target.connected);
    expect(state.options).toMatchObject([{ retry: { retries, maxRetryTime: 500 } }]);
    await target.stop();
  });

  test('a failed send is of unknown outcome, and its producer is never used again', async () => {
    let broken = true;
    const { kafka, state } = fakeKafka(async () => {
      if (broken) throw new Error('connection lost');
      return [acknowledged(0)];
    });
    const subject = publisher(kafka);
    subject.start();
    await until(() => subject.connected);
    await expect(subject.publish([event('gold')])).rejects.toThrow(OutcomeUnknownError);
    expect(state.disconnected).toBe(1);
    broken = false;
    await until(() => subject.connected);
    await subject.publish([event('gold')]);
    expect(state.made).toBe(2);
    await subject.stop();
  });

  describe('with patience', () => {
    const sends = (...outcomes: (readonly number[] | Error)[]) => {
      const sent: number[][] = [];
      const send: Send = ({ messages }) => {
        sent.push(messages.map(({ partition }) => partition));
        const outcome = outcomes.length > 1 ? outcomes.shift()! : outcomes[0]!;
        return outcome instanceof Error ? Promise.reject(outcome) : Promise.resolve(outcome.map(acknowledged));
      };
      return { sent, send };
    };

    test('a failed send is sent again by another producer, and what comes meanwhile after it', async () => {
      // One partition has no leader yet: kafkajs leaves it out.
      const { sent, send } = sends(new Error('connection lost'), [], [0], [1]);
      const { kafka, state } = fakeKafka(send);
      const subject = publisher(kafka, 5_000);
      subject.start();
      await until(() => subject.connected);
      const first = subject.publish([event('gold')]);
      await until(() => sent.length > 0);
      const second = subject.publish([event('zinc')]);
      await Promise.all([first, second]);
      expect(sent).toEqual([[0], [0], [0], [1]]);
      expect(state.made).toBe(3);
      await subject.stop();
    });

    test('its end is told: what was sent is of unknown outcome, what waited was not sent', async () => {
      let down = false;
      const { kafka } = fakeKafka(
        () => {
          down = true;
          return Promise.reject(new Error('connection lost'));
        },
        () => (down ? Promise.reject(new Error('refused')) : Promise.resolve()),
      );
      const subject = publisher(kafka, 600);
      subject.start();
      await until(() => subject.connected);
      const first = subject.publish([event('gold')]);
      await until(() => down && !subject.connected);
      const second = subject.publish([event('zinc')]);
      await expect(first).rejects.toThrow(OutcomeUnknownError);
      await expect(second).rejects.toThrow(KafkaUnavailableError);
      await expect(subject.publish([event('gold')])).rejects.toThrow(KafkaUnavailableError);
      await subject.stop();
    });

    test('a topic that never takes the batch uses it up once, and is not tried again and again', async () => {
      const { sent, send } = sends(new Error('no'));
      const { kafka } = fakeKafka(send);
      const subject = publisher(kafka, 700);
      subject.start();
      await until(() => subject.connected);
      await expect(subject.publish([event('gold')])).rejects.toThrow(OutcomeUnknownError);
      const before = sent.length;
      expect(before).toBeLessThan(6);
      await new Promise((resolve) => setTimeout(resolve, 700));
      await until(() => subject.connected);
      await expect(subject.publish([event('gold')])).rejects.toThrow(OutcomeUnknownError);
      expect(sent.length).toBe(before + 1);
      await subject.stop();
    });

    test('a time that is refused after an attempt that may have arrived is of unknown outcome', async () => {
      const refused = Object.assign(new Error('out of range'), { type: 'INVALID_TIMESTAMP', code: 32 });
      const { send } = sends(new Error('connection lost'), refused);
      const { kafka } = fakeKafka(send);
      const subject = publisher(kafka, 5_000);
      subject.start();
      await until(() => subject.connected);
      await expect(subject.publish([event('gold')])).rejects.toThrow(OutcomeUnknownError);
      await subject.stop();
    });
  });

  test('what the broker refuses for its time is not on the topic, and the cause is said', async () => {
    // As kafkajs wraps what its protocol/error.js makes of code 32.
    const cause = Object.assign(new Error('out of acceptable range'), { type: 'INVALID_TIMESTAMP', code: 32 });
    const refused = new Error('out of acceptable range', { cause });
    const { kafka } = fakeKafka(() => Promise.reject(refused));
    const subject = publisher(kafka);
    subject.start();
    await until(() => subject.connected);
    const sent = subject.publish([event('gold')]);
    await expect(sent).rejects.toThrow(KafkaUnavailableError);
    await expect(sent).rejects.toThrow(/^Kafka refuses the time of the records, .+Z by this replica's clock/);
    await subject.stop();
  });

  test('after a repetition by kafkajs the outcome is unknown: the attempt before may have arrived', async () => {
    const cause = Object.assign(new Error('out of acceptable range'), { type: 'INVALID_TIMESTAMP', code: 32 });
    const { kafka } = fakeKafka(async () => {
      await new Promise((resolve) => setTimeout(resolve, 120));
      throw cause;
    });
    const subject = publisher(kafka);
    subject.start();
    await until(() => subject.connected);
    await expect(subject.publish([event('gold')])).rejects.toThrow(OutcomeUnknownError);
    await subject.stop();
  });

  test.each([
    ['ahead of', -3_600_000, 3_600_000],
    ['behind', 3_600_000, -3_600_000],
  ])('measures that its clock is %s that of the broker, by what the broker stamps', async (_, brokerMs, skewMs) => {
    const { kafka } = fakeKafka(async () => [{ ...acknowledged(0), logAppendTime: String(Date.now() + brokerMs) }]);
    const subject = publisher(kafka);
    expect(subject.clockSkewMs).toBe(0);
    subject.start();
    await until(() => subject.connected);
    await subject.publish([event('gold')]);
    expect(Math.abs(subject.clockSkewMs - skewMs)).toBeLessThan(1_000);
    await subject.stop();
  });

  test('a topic on which producers stamp the records tells nothing of the clock', async () => {
    const { kafka } = fakeKafka(async () => [{ ...acknowledged(0), logAppendTime: '-1' }]);
    const subject = publisher(kafka);
    subject.start();
    await until(() => subject.connected);
    await subject.publish([event('gold')]);
    expect(subject.clockSkewMs).toBe(0);
    await subject.stop();
  });

  test('a send that a partition does not answer for fails', async () => {
    const { kafka } = fakeKafka(async () => []);
    const subject = publisher(kafka);
    subject.start();
    await until(() => subject.connected);
    await expect(subject.publish([event('gold')])).rejects.toThrow('partition 0 did not acknowledge');
    await subject.stop();
  });

  test('stop sends what waits before it disconnects', async () => {
    const sent: number[] = [];
    const { kafka, state } = fakeKafka(async ({ messages }) => {
      expect(state.disconnected).toBe(0);
      await new Promise((resolve) => setTimeout(resolve, 20));
      sent.push(...messages.map(({ partition }) => partition));
      return [acknowledged(0), acknowledged(1)];
    });
    const subject = publisher(kafka);
    subject.start();
    await until(() => subject.connected);
    const publishing = [subject.publish([event('gold')]), subject.publish([event('zinc')])];
    await subject.stop();
    await Promise.all(publishing);
    expect(sent).toEqual([0, 1]);
    expect(state.disconnected).toBe(1);
  });
});
