import { resolveTargets } from '../../../../../lib/lab/gateway/ssm/targets';
import { managedNode } from '../support/fixtures';

const nodes = [
  managedNode(),
  managedNode({ id: 'i-0b', tags: { 'metals:stage': 'lab', 'metals:slot': 'worker-2' } }),
  managedNode({ id: 'i-0c', tags: { 'metals:stage': 'other' } }),
];

test('an id that is not managed is refused by name', () => {
  expect(() => resolveTargets(nodes, ['i-0a', 'i-0f'], [])).toThrow('Instances [[i-0f]] not in a valid state');
});

test('neither ids nor targets is refused', () => {
  expect(() => resolveTargets(nodes, [], [])).toThrow('InstanceIds or Targets must be given');
});

test('an unknown target key is refused rather than ignored', () => {
  expect(() => resolveTargets(nodes, [], [{ Key: 'resource-groups:Name', Values: ['a'] }])).toThrow(
    "target key 'resource-groups:Name'; the lab knows InstanceIds, tag:<name> and tag-key",
  );
});

test('all targets must match, any value of each', () => {
  const stage = { Key: 'tag:metals:stage', Values: ['lab'] };
  expect(resolveTargets(nodes, [], [stage])).toEqual(['i-0a', 'i-0b']);
  expect(resolveTargets(nodes, [], [stage, { Key: 'tag:metals:slot', Values: ['worker-2', 'worker-3'] }])).toEqual([
    'i-0b',
  ]);
  expect(resolveTargets(nodes, [], [{ Key: 'tag-key', Values: ['metals:slot'] }])).toEqual(['i-0a', 'i-0b']);
  expect(resolveTargets(nodes, [], [{ Key: 'InstanceIds', Values: ['*'] }])).toHaveLength(3);
});

test('a tag that matches nothing is no error', () => {
  expect(resolveTargets(nodes, [], [{ Key: 'tag:nobody', Values: ['here'] }])).toEqual([]);
});
