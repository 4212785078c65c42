import { TAG } from '../../../../../lib/contract';
import type { InstanceRecord } from '../../../../../lib/lab/gateway/ec2/records';
import { nodeAtPort, parsePublish, publishes } from '../../../../../lib/lab/gateway/ec2/publish';

test.each(['manager-1', 'manager-1=', 'manager-1=8000:8000', '=8000', 'manager-1=8000,'])(
  'refuses %p and says what is expected',
  (text) => {
    expect(() => parsePublish(text)).toThrow(
      `LAB_PUBLISH has '${text}', expected SLOT=PORT[,…], such as manager-1=8000,8001`,
    );
  },
);

test('reads the ports of each slot', () => {
  const ports = parsePublish('manager-1=8000,8001;worker-1=9000');
  expect(ports.get('manager-1')).toEqual([8000, 8001]);
  expect(ports.get('worker-1')).toEqual([9000]);
});

test('publishes nothing unless told', () => {
  expect(parsePublish('').size).toBe(0);
});

const published = parsePublish('manager-1=8000,8001');
const of = (stage: string, slot = 'manager-1') => ({ [TAG.stage]: stage, [TAG.slot]: slot });
const inState = (state: InstanceRecord['state']) => ({ tags: of('lab'), state, publishes: true });
const there = inState('running');

describe('ports lead to a new instance', () => {
  test.each([
    ['when nobody else is there', 'strict', [], true],
    ['when the one before it in its own slot ends', 'lab', [inState('shutting-down')], true],
    ['not when another stage has them', 'strict', [there], false],
    ['when another stage had them', 'strict', [inState('terminated')], true],
    ['when another stage is there without', 'lab', [{ ...there, tags: of('strict'), publishes: false }], true],
  ])('%s', (_, stage, instances, expected) => expect(publishes(published, of(stage), instances)).toBe(expected));

  test('not of a slot that publishes none', () => expect(publishes(published, of('lab', 'worker-1'), [])).toBe(false));
});

describe('a port leads to', () => {
  const after = inState('pending');

  test('the instance that has it now', () => {
    const before = inState('shutting-down');
    const beside = { ...there, tags: of('strict'), publishes: false };
    expect(nodeAtPort(published, [before, beside, after], 8001)).toBe(after);
  });

  test.each([
    ['the port is of no slot', [there], 9000],
    ['the slot has no instance', [{ ...there, tags: of('lab', 'worker-1') }], 8000],
    ['its instance has ended', [inState('terminated')], 8000],
  ])('nothing when %s', (_, instances, port) => expect(nodeAtPort(published, instances, port)).toBeUndefined());
});
