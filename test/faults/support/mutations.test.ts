import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../../lib/constructs/bundle';
import { applyPatch } from '../../rig/variants';
import * as mutations from './mutations';

test.each(Object.entries(mutations))('%s still finds the line that it changes', (_, { patches }) => {
  for (const patch of patches) {
    const text = readFileSync(path.join(ROOT, patch.file), 'utf8');
    expect(applyPatch(text, patch)).not.toBe(text);
  }
});

test('each has a name of its own', () => {
  const names = Object.values(mutations).map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});
