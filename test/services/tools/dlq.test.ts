import type { ProducerRecord } from 'kafkajs';
import { tellError, type DlqDeps } from '../../../services/tools/dlq';
import type { Letter } from '../../../services/tools/dlq-letter';
import { list, show } from '../../../services/tools/dlq-list';
import { DlqOutput, ReasonCounts } from '../../../services/tools/dlq-output';
import { replay } from '../../../services/tools/dlq-replay';
import { DlqError, dlqRequestSchema } from '../../../services/tools/dlq-request';
import { letter } from './dlq-fixtures';

const request = (over: object) => dlqRequestSchema.parse({ action: 'list', ...over });

/** A topic in memory, and a producer that acknowledges as it is told to. */
function topic(
  letters: Letter[],
  over: { low?: number; high?: number; acknowledge?: (record: ProducerRecord) => object[] | undefined } = {},
) {
  const low = over.low ?? letters[0]?.offset ?? 0;
  const high = over.high ?? (letters.at(-1)?.offset ?? -1) + 1;
  const lines: any[] = [];
  const sent: ProducerRecord[] = [];
  const reads: [number, number][] = [];
  let connected = 0;
  const deps: DlqDeps = {
    letters: {
      range: async () => ({ low, high }),
      offsetSince: async (timestampMs) => letters.find((each) => each.timestampMs >= timestampMs)?.offset ?? high,
      partitionsOf: async () => 6,
      read: async (from, to, onLetter) => {
        reads.push([from, to]);
        for (const each of letters) {
          if (each.offset >= from && each.offset < to && onLetter(each) === false) return;
        }
      },
    },
    output: new DlqOutput((text) => lines.push(JSON.parse(text))),
    nowMs: () => letters.at(-1)?.timestampMs ?? 0,
    pricesTopic: 'metals-prices',
    producer: async () => {
      connected += 1;
      return {
        send: async (record: ProducerRecord) => {
          const answer = over.acknowledge?.(record) ?? [
            {
              topicName: record.topic,
              partition: record.messages[0]!.partition,
              errorCode: 0,
              baseOffset: String(900 + sent.length),
            },
          ];
          sent.push(record);
          return answer as never;
        },
      };
    },
  };
  return { deps, lines, sent, reads, connections: () => connected, end: () => lines.at(-1).end };
}

const many = (count: number, over = {}) => Array.from({ length: count }, (_, offset) => letter(offset, over));

describe('list', () => {
  test('an empty topic: no letter, nothing to go on with', async () => {
    const { deps, lines } = topic([]);
    await list(request({}), deps);
    expect(lines).toEqual([{ end: { low: 0, high: 0, from: 0, to: 0, total: 0, by_reason: {}, before: null } }]);
  });

  test('letters that do not fit the output are left to the next call, none is cut', async () => {
    const { deps, lines, end } = topic(many(200));
    await list(request({ limit: 200 }), deps);
    const offsets = lines.slice(0, -1).map((line) => line.letter.offset);
    expect(offsets[0]).toBe(199);
    expect(offsets.length).toBeGreaterThan(50);
    expect(offsets.length).toBeLessThan(200);
    expect(end()).toMatchObject({ total: 200, before: offsets.at(-1) });
    const bytes = lines.reduce((sum, line) => sum + JSON.stringify(line).length + 1, 0);
    expect(bytes).toBeLessThan(24_000);
  });

  test('newest first, up to the limit, with totals of all that match', async () => {
    const letters = [letter(5), letter(6, { 'metals-reason': 'id-conflict' }), letter(7), letter(8)];
    const { deps, lines, end } = topic(letters);
    await list(request({ limit: 2, reason: 'not-json' }), deps);
    expect(lines.slice(0, -1).map((line) => line.letter.offset)).toEqual([8, 7]);
    expect(end()).toEqual({ low: 5, high: 9, from: 5, to: 9, total: 3, by_reason: { 'not-json': 3 }, before: 7 });
  });

  test('--since and --before bound what is read', async () => {
    const { deps, reads, end } = topic(many(10));
    await list(request({ since_seconds: 4, before: 8 }), deps);
    expect(reads).toEqual([[5, 8]]);
    expect(end()).toMatchObject({ total: 3, before: null });
  });

  test('of a long topic the newest ten thousand are read, and it says where the rest begins', async () => {
    const { deps, reads, end } = topic([letter(24_999)], { low: 0 });
    await list(request({}), deps);
    expect(reads).toEqual([[15_000, 25_000]]);
    expect(end()).toMatchObject({ before: 15_000 });
  });
});

describe('show', () => {
  test('a letter that retention took between is said to be gone', async () => {
    const { deps } = topic([], { low: 0, high: 5 });
    await expect(show(request({ action: 'show', offsets: [3] }), deps)).rejects.toThrow(
      'there is no dead letter at offset 3',
    );
  });

  test('one letter, whole', async () => {
    const { deps, lines } = topic(many(3));
    await show(request({ action: 'show', offsets: [1] }), deps);
    expect(lines[0].letter).toMatchObject({ offset: 1, value: { data: '{broken' } });
  });
});

describe('replay', () => {
  const send = (over: object) => request({ action: 'replay', dry_run: false, ...over });

  test('a wrong offset among right ones sends nothing', async () => {
    const { deps, connections } = topic(many(3));
    await expect(replay(send({ offsets: [1, 3] }), deps)).rejects.toThrow('offset 3 is past the end');
    expect(connections()).toBe(0);
  });

  test('a dry run connects no producer', async () => {
    const { deps, connections, end } = topic(many(3));
    await replay(request({ action: 'replay' }), deps);
    expect(connections()).toBe(0);
    expect(end()).toEqual({
      low: 0,
      high: 3,
      from: 0,
      to: 3,
      total: 3,
      by_reason: { 'not-json': 3 },
      skipped: 0,
      next: null,
    });
  });

  test.each([
    ['nothing, as for a partition that the topic lacks', []],
    ['an error', [{ partition: 3, errorCode: 3, baseOffset: '1' }]],
    ['another partition', [{ partition: 2, errorCode: 0, baseOffset: '1' }]],
    ['no offset', [{ partition: 3, errorCode: 0 }]],
  ])('an acknowledgement of %s is none; what was sent before is told', async (_, bad) => {
    const answers = [undefined, bad];
    const { deps, lines } = topic(many(3), { acknowledge: () => answers.shift() as object[] });
    await expect(replay(send({}), deps)).rejects.toThrow(
      'offset 1 may not have been sent: topic metals-prices did not acknowledge it',
    );
    expect(lines).toEqual([{ sent: [0, 3, 900] }]);
  });

  test('a letter that the topic has no room for is named, and those after it are sent', async () => {
    const { deps, sent, lines, end } = topic(many(3), {
      acknowledge: ({ messages }) => {
        if (messages[0]?.headers?.['metals-replayed-from'] !== '1') return undefined;
        const answer = Object.assign(new Error('larger than the max message size'), { type: 'MESSAGE_TOO_LARGE' });
        throw new Error('send failed', { cause: answer });
      },
    });
    await replay(send({}), deps);
    expect(sent).toHaveLength(2);
    expect(lines.slice(0, -1)).toEqual([
      { sent: [0, 3, 900] },
      { refused: [1, 'larger than the topic takes'] },
      { sent: [2, 3, 901] },
    ]);
    expect(end()).toMatchObject({ total: 3, skipped: 0, next: null });
  });

  test('a call that is all refusals still arrives whole', async () => {
    const { deps, lines, end } = topic(
      [...Array(300)].map((_, index) => letter(9_000_000 + index)),
      {
        low: 9_000_000,
        acknowledge: () => {
          throw Object.assign(new Error('too large'), { type: 'MESSAGE_TOO_LARGE' });
        },
      },
    );
    await replay(send({}), deps);
    expect(lines).toHaveLength(301);
    expect(end()).toMatchObject({ total: 300 });
  });

  test('a letter that cannot go back as it was is left out and named', async () => {
    const { deps, sent, lines, end } = topic([letter(0, { 'metals-source-topic': 'other' }), letter(1)]);
    await replay(send({}), deps);
    expect(sent).toHaveLength(1);
    expect(lines[0]).toEqual({ skipped: [0, 'it came from topic other, not from metals-prices'] });
    expect(end()).toMatchObject({ total: 1, skipped: 1 });
  });

  test('the record goes back as it was, to where it was, acknowledged by all', async () => {
    const value = Buffer.from([0xff, 0x00]);
    const { deps, sent, lines } = topic([letter(7, {}, value), letter(8, { 'metals-source-key': undefined }, null)]);
    await replay(send({ offsets: [8, 7] }), deps);
    expect(sent).toEqual([
      {
        topic: 'metals-prices',
        acks: -1,
        messages: [
          {
            partition: 3,
            key: Buffer.from('0195512c-8000-7000-8000-000000000001'),
            value,
            headers: { 'metals-replayed-from': '7' },
          },
        ],
      },
      {
        topic: 'metals-prices',
        acks: -1,
        messages: [{ partition: 3, key: null, value: null, headers: { 'metals-replayed-from': '8' } }],
      },
    ]);
    expect(lines.slice(0, 2)).toEqual([{ sent: [7, 3, 900] }, { sent: [8, 3, 901] }]);
  });

  test('a call has its fill, by number and by size, and says where the next begins', async () => {
    const numbered = topic(many(400));
    await replay(send({}), numbered.deps);
    expect(numbered.sent).toHaveLength(300);
    expect(numbered.end()).toMatchObject({ total: 300, next: 300 });
    const bytes = numbered.lines.reduce((sum, line) => sum + JSON.stringify(line).length + 1, 0);
    expect(bytes).toBeLessThan(24_000);

    const large = topic(Array.from({ length: 5 }, (_, offset) => letter(offset, {}, Buffer.alloc(10 * 1_048_576))));
    await replay(send({ offsets: [0, 1, 2, 3, 4] }), large.deps);
    expect(large.end()).toMatchObject({ total: 3, next: 3 });
    const rest = topic(many(5));
    await replay(send({ offsets: [0, 1, 2, 3, 4], from: 3 }), rest.deps);
    expect(rest.lines.slice(0, -1)).toEqual([{ sent: [3, 3, 900] }, { sent: [4, 3, 901] }]);
  });

  test('what came after the first call does not belong to the next', async () => {
    const { deps, reads } = topic(many(20));
    await replay(send({ from: 5, before: 12 }), deps);
    expect(reads).toEqual([[5, 12]]);
  });

  test('a long topic is looked at ten thousand letters at a time', async () => {
    const { deps, reads, end } = topic([letter(24_999)], { low: 0 });
    await replay(request({ action: 'replay' }), deps);
    expect(reads).toEqual([[0, 10_000]]);
    expect(end()).toMatchObject({ total: 0, next: 10_000 });
  });
});

test('an error is the last line, with what to do; an unknown one points to the status', () => {
  const lines: any[] = [];
  const output = new DlqOutput((text) => lines.push(JSON.parse(text)));
  tellError(output, new DlqError('offset 9 is past the end', 'list', true));
  tellError(output, new Error('Kafka is away'));
  expect(lines).toEqual([
    { error: { why: 'offset 9 is past the end', next: 'list', usage: true } },
    { error: { why: 'Kafka is away', next: './bin/metals status', usage: false } },
  ]);
});

test('reasons beyond twenty are counted together', () => {
  const counts = new ReasonCounts();
  for (let index = 0; index < 25; index += 1) counts.add(`reason-${index}`);
  counts.add('reason-3');
  expect(counts.total).toBe(26);
  expect(Object.keys(counts.toJSON())).toHaveLength(21);
  expect(counts.toJSON()).toMatchObject({ other: 5, 'reason-3': 2 });
});
