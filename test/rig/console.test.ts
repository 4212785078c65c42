import { parseConsole } from './console';

const separators = { line: '<l>', field: '<f>', header: '<h>', none: '<n>' };
const parse = (text: string) => parseConsole(Buffer.from(text), separators);

test('partition, offset, headers, key and value of each record', () => {
  const text =
    'LogAppendTime:20<f>Partition:0<f>Offset:7<f>NO_HEADERS<f>k<f>{"a":\n1}<l>CreateTime:30<f>Partition:5<f>Offset:8<f>a:b:c<h>d:<f><n><f><n><l>';
  expect(parse(text)).toEqual([
    { partition: 0, offset: 7, timeMs: 20, headers: {}, key: 'k', value: '{"a":\n1}' },
    { partition: 5, offset: 8, timeMs: 30, headers: { a: 'b:c', d: '' }, key: null, value: null },
  ]);
  expect(parse('')).toEqual([]);
});

test.each([
  ['cut off', 'LogAppendTime:20<f>Partition:0<f>Offset:7<f>NO_HEADERS<f>k<f>{"a"', /ended amid a record/],
  ['of another shape', 'Partition:0<f>Offset:7<l>', /expected 6 fields of a record, got 2/],
  [
    'without a time',
    'NoTimestampType:-1<f>Partition:0<f>Offset:7<f>NO_HEADERS<f>k<f>v<l>',
    /expected LogAppendTime:NUMBER/,
  ],
  ['without an offset', 'LogAppendTime:20<f>Partition:0<f>Offset:x<f>NO_HEADERS<f>k<f>v<l>', /expected Offset:NUMBER/],
])('output that is %s is an error', (_, text, message) => {
  expect(() => parse(text)).toThrow(message);
});
