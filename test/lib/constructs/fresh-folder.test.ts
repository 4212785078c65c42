import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { inFreshFolder } from '../../../lib/constructs/fresh-folder';
import { REPOSITORY } from '../../../lib/repository';
import { readConfig } from '../../../lib/config';
import { StackBundle } from '../../../lib/constructs/stack-bundle';

const scopeOf = (context: Record<string, unknown> = {}) => new Stack(new App({ context }), 'Stack');

it('gives two that are at work at once a folder each, empty', () => {
  const scope = scopeOf();
  inFreshFolder(scope, 'it', (one) =>
    inFreshFolder(scope, 'it', (other) => {
      expect(other).not.toBe(one);
      expect(other.startsWith(`${REPOSITORY}/build/`)).toBe(true);
      expect(readdirSync(other)).toEqual([]);
    }),
  );
});

it('removes it, after a failure too', () => {
  let folder = '';
  const fails = () =>
    inFreshFolder(scopeOf(), 'it', (its) => {
      folder = its;
      throw new Error('no such program');
    });
  expect(fails).toThrow('no such program');
  expect(existsSync(folder)).toBe(false);
});

const config = readConfig({ account: '000000000000', region: 'eu-west-1' }, {});

it.each([
  ['no longer there, once it is staged', {}, false],
  ['kept with --no-staging, where the asset is read', { 'aws:cdk:disable-asset-staging': true }, true],
])('what an asset was made of is %s', (_what, context, kept) => {
  let folder = '';
  const scope = scopeOf(context);
  inFreshFolder(scope, 'it', (its) => (folder = its));
  expect(existsSync(folder)).toBe(kept);
  const { asset } = new StackBundle(scope, 'Bundle', { config });
  expect(asset.assetPath.startsWith(`${REPOSITORY}/build/`)).toBe(kept);
  if (!kept) return;
  rmSync(folder, { recursive: true });
  rmSync(path.dirname(asset.assetPath), { recursive: true });
});
