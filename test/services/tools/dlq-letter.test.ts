import {
  asciiJson,
  listedLetter,
  planReplay,
  readLetter,
  shownBytes,
  shownLetter,
} from '../../../services/tools/dlq-letter';
import { EVENT_ID, FAILED_AT, letter } from './dlq-fixtures';

describe('readLetter', () => {
  test('a record that no processor wrote is read as far as it goes', () => {
    expect(readLetter({ offset: 1, timestampMs: 0, value: null, headers: {} })).toMatchObject({
      reason: 'unknown',
      detail: '',
      sourceTopic: undefined,
      sourcePartition: undefined,
      sourceKey: null,
      value: null,
    });
  });

  test.each(['-1', '1.5', 'three', '', '99999999999999999999'])('a partition of %p is none', (text) => {
    expect(letter(1, { 'metals-source-partition': Buffer.from(text) }).sourcePartition).toBeUndefined();
  });

  test('of a header that is there twice the first counts', () => {
    expect(letter(1, { 'metals-reason': [Buffer.from('not-json'), Buffer.from('other')] }).reason).toBe('not-json');
  });

  test('headers cannot make a line long', () => {
    const long = letter(1, { 'metals-reason': 'r'.repeat(9_000), 'metals-detail': '\u0000'.repeat(9_000) });
    expect(asciiJson(listedLetter(long)).length).toBeLessThan(2_500);
    expect(asciiJson(shownLetter(long)).length).toBeLessThan(16_000);
  });
});

describe('what is readable of the event', () => {
  test.each([
    ['null', Buffer.from('null')],
    ['a list', Buffer.from('[1]')],
    ['text', Buffer.from('"gold"')],
    ['no JSON', Buffer.from('{')],
    ['no UTF-8', Buffer.from([0xff])],
    ['nothing', null],
    ['fields of other types', Buffer.from('{"event_id":7,"metal":{"a":1}}')],
  ])('of %s: nothing', (_, value) => {
    expect(listedLetter(letter(1, {}, value))).toMatchObject({ event_id: null, metal: null });
  });

  test('of an invalid event: its id and its metal', () => {
    const value = Buffer.from(JSON.stringify({ event_id: EVENT_ID, metal: 'gold', price: -1 }));
    expect(listedLetter(letter(12, {}, value))).toEqual({
      offset: 12,
      time: '2026-03-01T12:00:12.000Z',
      reason: 'not-json',
      event_id: EVENT_ID,
      metal: 'gold',
      source_topic: 'metals-prices',
      source_partition: 3,
      source_offset: 455,
      detail: 'Unexpected token',
    });
  });
});

describe('shownBytes', () => {
  test('text is cut by what it takes as JSON, never inside a character', () => {
    const poison = '\u001b[2J'.repeat(10);
    const shown = shownBytes(Buffer.from(poison), 23);
    // ESC takes six characters, [2J three: the third ESC would need 24.
    expect(shown).toEqual({ encoding: 'utf-8', data: '\u001b[2J\u001b[2J', bytes: 40, cut: true });
    expect(shownBytes(Buffer.from('é😀'), 6)).toEqual({ encoding: 'utf-8', data: 'é', bytes: 6, cut: true });
  });

  test('bytes that are no UTF-8 are base64, cut where it can be decoded', () => {
    const bytes = Buffer.from([0xff, 0x00, 0x1b, 0x5b]);
    expect(shownBytes(bytes, 100)).toEqual({ encoding: 'base64', data: '/wAbWw==', bytes: 4, cut: false });
    expect(shownBytes(bytes, 7)).toEqual({ encoding: 'base64', data: '/wAb', bytes: 4, cut: true });
  });

  test('what fits is whole', () => {
    expect(shownBytes(Buffer.from('{"a":1}'), 100)).toEqual({
      encoding: 'utf-8',
      data: '{"a":1}',
      bytes: 7,
      cut: false,
    });
  });
});

test('a shown letter has a key of its own, and a value or null', () => {
  expect(shownLetter(letter(1, { 'metals-source-key': undefined }, null))).toMatchObject({
    source_key: null,
    value: null,
  });
  expect(shownLetter(letter(1))).toMatchObject({
    source_key: { encoding: 'utf-8', data: EVENT_ID, bytes: 36, cut: false },
    failed_at: FAILED_AT,
    processor_version: '1.2.3',
    value: { encoding: 'utf-8', data: '{broken', bytes: 7, cut: false },
  });
});

test('asciiJson is JSON of nothing but ASCII that can be printed', () => {
  const text = 'é \u009b\u202e\u007f\u001b 😀 \ud800';
  const json = asciiJson({ text });
  expect(json).toMatch(/^[ -~]*$/);
  expect(JSON.parse(json)).toEqual({ text });
});

describe('planReplay', () => {
  test.each([
    ['no source', { 'metals-source-topic': undefined }, 'it does not say where it came from'],
    ['no partition', { 'metals-source-partition': undefined }, 'it does not say where it came from'],
    [
      'another topic',
      { 'metals-source-topic': 'metals-prices.dlq' },
      'it came from topic metals-prices.dlq, not from metals-prices',
    ],
    [
      'a partition that is not there',
      { 'metals-source-partition': '6' },
      'it came from partition 6, and metals-prices has 6',
    ],
    [
      'a mismatch of a key that was not kept',
      { 'metals-reason': 'key-mismatch', 'metals-source-key': undefined },
      'did not keep the key',
    ],
    ['records that nobody could read', { 'metals-reason': 'unreadable-batch' }, 'has no bytes of theirs'],
  ])('refuses a letter with %s', (_, headers, why) => {
    expect(planReplay(letter(1, headers), 'metals-prices', 6)).toEqual({ refused: expect.stringContaining(why) });
  });

  test('sends it to the partition that it came from, without a key if it had none', () => {
    expect(planReplay(letter(1), 'metals-prices', 6)).toEqual({ partition: 3 });
    expect(planReplay(letter(1, { 'metals-source-key': undefined }), 'metals-prices', 6)).toEqual({ partition: 3 });
  });
});
