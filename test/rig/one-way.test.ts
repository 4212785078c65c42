import { dropRule } from './one-way';

test.each([
  ['in', 'INPUT --source 10.0.0.2 --jump DROP'],
  ['out', 'OUTPUT --destination 10.0.0.2 --jump DROP'],
] as const)('%s: packets of one direction alone', (direction, rule) => {
  expect(dropRule(direction, '10.0.0.2').join(' ')).toBe(rule);
});
