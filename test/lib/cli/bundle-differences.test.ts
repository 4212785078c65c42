/** What two bundles differ in, by bundles as they are deployed. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleDifferences, differenceLine } from '../../../lib/cli/bundle-differences';
import { readConfig } from '../../../lib/config';
import { renderBundle } from '../../../lib/constructs/stack-bundle';

/** The files of a bundle with these settings of lib/config.ts. */
function bundle(settings: Record<string, unknown> = {}): Map<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'metals-bundle-'));
  try {
    renderBundle(readConfig({ account: '000000000000', region: 'eu-west-1', ...settings }, {}), folder);
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const files = entries.map((entry) => join(entry.parentPath, entry.name));
    return new Map(files.map((file) => [file.slice(folder.length + 1), readFileSync(file, 'utf8')]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const DEFAULT = bundle();
const EXTERNAL = { kafkaBootstrap: 'b-1.example.org:9096', kafkaCidrs: '10.9.0.0/16' };

test('the same settings give no difference', () => {
  expect(bundleDifferences(DEFAULT, bundle())).toEqual([]);
});

test('each setting is told with both values', () => {
  const lines = bundleDifferences(DEFAULT, bundle({ feedEventsPerSecond: 3, producerReplicas: 3 })).map(differenceLine);
  expect(lines).toContain('config/producer.yml feed.rate_per_second: 1 → 3');
  expect(lines).toContain('settings.env METALS_PRODUCER_REPLICAS: 2 → 3');
});

test('replicas, rates and limits may go back', () => {
  const other = { feedEventsPerSecond: 3, producerReplicas: 3, processorReplicas: 2, clientRequestsPerSecond: 5 };
  expect(bundleDifferences(DEFAULT, bundle(other)).filter(({ blocksRollback }) => blocksRollback)).toEqual([]);
});

test.each([
  ['how long prices are kept', { priceRetentionDays: 30 }, 'config/tools.yml price_retention_days: 0 → 30'],
  ['how much Kafka keeps', { dataVolumeGiB: 40 }, 'config/tools.yml kafka_disk_bytes: 10737418240 → 21474836480'],
  ['how many brokers there are', { kafkaBrokers: 3 }, 'settings.env METALS_KAFKA_BROKERS: 1 → 3'],
  ['whose Kafka it is', EXTERNAL, 'settings.env METALS_KAFKA: own → b-1.example.org:9096'],
  ['who keeps its metadata', { kafkaMode: 'zookeeper' }, 'settings.env METALS_KAFKA_MODE: kraft → zookeeper'],
])('%s may not', (_what, settings, line) => {
  for (const [from, to] of [
    [DEFAULT, bundle(settings)],
    [bundle(settings), DEFAULT],
  ] as const) {
    const blocking = bundleDifferences(from, to).filter(({ blocksRollback }) => blocksRollback);
    expect(blocking.length).toBeGreaterThan(0);
    if (from === DEFAULT) expect(blocking.map(differenceLine)).toContain(line);
  }
});

test('a topic that an older version of this program makes otherwise may not, its log level may', () => {
  const changed = (from: string | RegExp, to: string) =>
    bundleDifferences(
      DEFAULT,
      new Map(DEFAULT).set('config/tools.yml', DEFAULT.get('config/tools.yml')!.replace(from, to)),
    );
  expect(changed('partitions: 6', 'partitions: 12')).toMatchObject([
    { setting: 'prices.partitions', blocksRollback: true },
  ]);
  expect(changed('log_level: info', 'log_level: warn')).toMatchObject([
    { setting: 'log_level', blocksRollback: false },
  ]);
  expect(changed('# What the setup', '# That the setup')).toEqual([]);
});

test('where an engine keeps its data may not', () => {
  const stack = DEFAULT.get('stack.yml')!;
  expect(stack).toContain('node.labels.metals.mongodb');
  const other = new Map(DEFAULT).set(
    'stack.yml',
    stack.replace('node.labels.metals.mongodb', 'node.labels.metals.other'),
  );
  expect(bundleDifferences(DEFAULT, other).filter(({ blocksRollback }) => blocksRollback)).toMatchObject([
    { setting: expect.stringMatching(/^services\.mongodb\.deploy\.placement/) },
  ]);
});

test('what an older bundle does not say is what stack-deploy takes for it', () => {
  const older = new Map(DEFAULT).set(
    'settings.env',
    DEFAULT.get('settings.env')!.replace(/^METALS_(KAFKA|KAFKA_BROKERS|MONGODB)=.*\n/gm, ''),
  );
  expect(bundleDifferences(DEFAULT, older)).toEqual([]);
  const without = new Map(DEFAULT);
  without.delete('config/tools.yml');
  expect(bundleDifferences(DEFAULT, without)).toMatchObject([{ file: 'config/tools.yml', blocksRollback: true }]);
});

test('a script is told as a whole', () => {
  const script = (text: string) => new Map([['setup.sh', text]]);
  expect(bundleDifferences(script('a'), script('b'))).toMatchObject([{ setting: '', from: 'one text', to: 'another' }]);
});

test('a file that one of them lacks is told, and drives no terminal', () => {
  const [difference] = bundleDifferences(DEFAULT, new Map(DEFAULT).set('evil\u001b[2J.sh', 'x'));
  expect(differenceLine(difference!)).toBe('evil\\x1b[2J.sh: none → there');
});
