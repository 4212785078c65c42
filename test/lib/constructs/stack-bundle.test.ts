import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse } from 'yaml';
import { readConfig } from '../../../lib/config';
import { renderBundle } from '../../../lib/constructs/stack-bundle';
import { toolsConfigSchema } from '../../../services/tools/config';

const GIB = 2 ** 30;
const folder = mkdtempSync(path.join(tmpdir(), 'metals-bundle-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What the setup job is told, with these settings of lib/config.ts. */
function toolsConfig(settings: Record<string, unknown>) {
  const config = readConfig({ account: '000000000000', region: 'eu-west-1', ...settings }, {});
  return toolsConfigSchema.parse(
    parse(readFileSync(path.join(renderBundle(config, folder), 'config/tools.yml'), 'utf8')),
  );
}

describe('the disk of Kafka', () => {
  it.each([
    ['half of its volume', {}, 10],
    ['half of a larger one', { dataVolumeGiB: 100 }, 50],
    ['a quarter where MongoDB shares the volume', { mongodbSlot: 'worker-1' }, 5],
    ['a quarter with one worker, which holds both', { workers: 1, dataVolumeGiB: 16 }, 4],
  ])('is %s', (_what, settings, gib) => {
    expect(toolsConfig(settings).kafka_disk_bytes).toBe(gib * GIB);
  });
});

it('keeps prices for ever, or as long as is asked for', () => {
  expect(toolsConfig({}).price_retention_days).toBe(0);
  expect(toolsConfig({ priceRetentionDays: '90' }).price_retention_days).toBe(90);
});
