import { typeErrors } from '../../rig/variant-types';
import * as mutations from './mutations';

test('each still finds the lines that it changes, and compiles', () => {
  const all = Object.values(mutations);
  expect(typeErrors(all)).toEqual(new Map(all.map(({ name }) => [name, []])));
});

test('each has a name of its own', () => {
  const names = Object.values(mutations).map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});
