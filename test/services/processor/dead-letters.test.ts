import type { Kafka, Message } from 'kafkajs';
import { pino } from 'pino';
import { DeadLetterPublisher, splitByBytes, toMessage } from '../../../services/processor/dead-letters';
import type { DeadLetter } from '../../../services/processor/process-batch';
import { SupersededError } from '../../../services/processor/superseded';

const letter: DeadLetter = {
  record: {
    topic: 'metals-prices',
    partition: 2,
    offset: '17',
    appendedMs: 0,
    key: null,
    value: Buffer.from([0xff, 0x00]),
  },
  reason: 'not-utf-8',
  detail: 'the value is not valid UTF-8',
};

function publisher(
  send: (request: { messages: Message[] }) => Promise<object[]>,
  signal = new AbortController().signal,
) {
  const state = { made: 0, disconnected: 0 };
  const kafka = {
    producer: () => {
      state.made += 1;
      return { connect: async () => undefined, send, disconnect: async () => void (state.disconnected += 1) };
    },
  } as unknown as Kafka;
  const subject = new DeadLetterPublisher({
    kafka,
    topic: 'metals-prices.dlq',
    version: '1.2.3',
    backoff: { baseMs: 1, maxMs: 1 },
    signal,
    logger: pino({ level: 'silent' }),
    now: () => new Date('2026-03-01T12:00:00Z'),
  });
  return { state, subject };
}

test('a dead letter carries the bytes of the record, its coordinates and the reason', () => {
  expect(toMessage(letter, '1.2.3', new Date('2026-03-01T12:00:00Z'))).toEqual({
    key: 'metals-prices-2',
    value: Buffer.from([0xff, 0x00]),
    headers: {
      'metals-reason': 'not-utf-8',
      'metals-detail': 'the value is not valid UTF-8',
      'metals-source-topic': 'metals-prices',
      'metals-source-partition': '2',
      'metals-source-offset': '17',
      'metals-failed-at': '2026-03-01T12:00:00.000Z',
      'metals-processor-version': '1.2.3',
    },
  });
});

describe('splitByBytes', () => {
  const of = (value: number, header = 0) => ({
    key: 'k',
    value: Buffer.alloc(value),
    headers: { name: 'é'.repeat(header) },
  });

  test('keeps the order, and no part is above the limit unless one letter is', () => {
    const letters = [of(400), of(400), of(2_000), of(10), of(10)];
    expect(splitByBytes(letters, 1_000)).toEqual([letters.slice(0, 2), [letters[2]], letters.slice(3)]);
  });

  test('counts keys, and headers in bytes and not in characters', () => {
    expect(splitByBytes([of(0, 200), of(0, 200)], 1_000)).toHaveLength(1);
    expect(splitByBytes([of(0, 250), of(0, 250)], 1_000)).toHaveLength(2);
  });

  test('nothing is no part', () => expect(splitByBytes([], 1)).toEqual([]));
});

describe('DeadLetterPublisher', () => {
  test('gives up letters of an earlier assignment while the topic is away, and calls them no problem of its own', async () => {
    let isCurrent = true;
    const { subject } = publisher(() => Promise.reject(new Error('denied')));
    const outcome = subject.publish([letter], () => isCurrent).catch((error) => error);
    const behind = subject.publish([letter], () => isCurrent).catch((error) => error);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(subject.problem).toBe('dead letters: denied');
    isCurrent = false;
    expect(await outcome).toBeInstanceOf(SupersededError);
    expect(await behind).toBeInstanceOf(SupersededError);
    expect(subject.problem).toBeUndefined();
  });

  test('never asks the broker to take more at once than the topic allows', async () => {
    const sizes: number[] = [];
    const { subject } = publisher(async ({ messages }) => {
      sizes.push(messages.length);
      return [{ errorCode: 0 }];
    });
    const large = { ...letter, record: { ...letter.record, value: Buffer.alloc(300_000) } };
    await subject.publish([large, large, large, large, large, large, large]);
    expect(sizes).toEqual([3, 3, 1]);
  });

  test('repeats with a new producer until the broker acknowledges; an empty answer is none', async () => {
    const answers: (object[] | Error)[] = [new Error('away'), [], [{ errorCode: 0 }]];
    const { state, subject } = publisher(async () => {
      const answer = answers.shift();
      if (answer instanceof Error) throw answer;
      return answer ?? [];
    });
    await subject.publish([letter]);
    expect(answers).toHaveLength(0);
    expect(state).toEqual({ made: 3, disconnected: 2 });
    expect(subject.problem).toBeUndefined();
  });

  test('has one send in flight', async () => {
    let inFlight = 0;
    const { subject } = publisher(async () => {
      inFlight += 1;
      expect(inFlight).toBe(1);
      await new Promise((resolve) => setImmediate(resolve));
      inFlight -= 1;
      return [{ errorCode: 0 }];
    });
    await Promise.all([subject.publish([letter]), subject.publish([letter]), subject.publish([letter])]);
  });

  test('rejects when the service stops, so that the offset stays uncommitted', async () => {
    const stopping = new AbortController();
    const { subject } = publisher(() => Promise.reject(new Error('away')), stopping.signal);
    const publishing = subject.publish([letter]);
    setTimeout(() => stopping.abort(new Error('stopping')), 20);
    await expect(publishing).rejects.toThrow();
  });
});
