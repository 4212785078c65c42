import { TAG } from '../../../../../lib/contract';
import { parsePublish, portsToPublish } from '../../../../../lib/lab/gateway/ec2/publish';

test.each(['manager-1', 'manager-1=8000', 'manager-1=8000:x', '=8000:8000', 'manager-1=8000:8000,'])(
  'refuses %p and says what is expected',
  (text) => {
    expect(() => parsePublish(text)).toThrow(
      `LAB_PUBLISH has '${text}', expected SLOT=HOST_PORT:NODE_PORT[,…], such as manager-1=8000:8000,8001:8001`,
    );
  },
);

test('reads the ports of each slot', () => {
  const ports = parsePublish('manager-1=8000:8000,8001:8001;worker-1=9000:80');
  expect(ports.get('manager-1')).toEqual(['8000:8000', '8001:8001']);
  expect(ports.get('worker-1')).toEqual(['9000:80']);
});

test('publishes nothing unless told', () => {
  expect(parsePublish('').size).toBe(0);
});

describe('the ports of a new instance', () => {
  const published = parsePublish('manager-1=8000:8000');
  const of = (stage: string, slot = 'manager-1') => ({ [TAG.stage]: stage, [TAG.slot]: slot });
  const there = { tags: of('lab'), state: 'running' as const, publishes: true };

  test.each([
    ['nobody else is there', 'strict', [], ['8000:8000']],
    ['the one before it in its own slot ends', 'lab', [{ ...there, state: 'shutting-down' as const }], ['8000:8000']],
    ['another stage has them', 'strict', [there], []],
    ['another stage had them', 'strict', [{ ...there, state: 'terminated' as const }], ['8000:8000']],
    [
      'another stage is there, and has them not',
      'lab',
      [{ ...there, tags: of('strict'), publishes: false }],
      ['8000:8000'],
    ],
  ])('%s', (_, stage, instances, expected) =>
    expect(portsToPublish(published, of(stage), instances)).toEqual(expected),
  );

  test('none for a slot that publishes none', () =>
    expect(portsToPublish(published, of('lab', 'worker-1'), [])).toEqual([]));
});
