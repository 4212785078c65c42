import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse, parseDocument } from 'yaml';
import { readConfig } from '../../../lib/config';
import { REPOSITORY } from '../../../lib/repository';
import { renderBundle, settings as stackSettings } from '../../../lib/constructs/stack-bundle';
import { producerConfigSchema } from '../../../services/producer/config';
import { toolsConfigSchema } from '../../../services/tools/config';

const GIB = 2 ** 30;
const folder = mkdtempSync(path.join(tmpdir(), 'metals-bundle-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What the setup job is told, with these settings of lib/config.ts. */
function toolsConfig(settings: Record<string, unknown>) {
  const config = readConfig({ account: '000000000000', region: 'eu-west-1', ...settings }, {});
  renderBundle(config, folder);
  return toolsConfigSchema.parse(parse(readFileSync(path.join(folder, 'config/tools.yml'), 'utf8')));
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

describe('three brokers', () => {
  it('are named to every client, and have a copy of each record', () => {
    const tools = toolsConfig({ kafkaBrokers: '3' });
    const brokers = ['kafka:9092', 'kafka-2:9092', 'kafka-3:9092'];
    expect(tools).toMatchObject({ replication_factor: 3, kafka: { brokers } });
    const bounds = { producer: { connection_timeout_ms: 1_500, request_timeout_ms: 4_000 }, processor: {} };
    for (const [service, bound] of Object.entries(bounds)) {
      const config = parse(readFileSync(path.join(folder, `config/${service}.yml`), 'utf8'));
      expect([service, config.kafka]).toEqual([service, { brokers, username: service, ...bound }]);
    }
  });

  it('share the disk with MongoDB where any of them does', () => {
    // worker-1, worker-2 and manager-1; MongoDB is on worker-2.
    expect(toolsConfig({ kafkaBrokers: 3 }).kafka_disk_bytes).toBe(5 * GIB);
    expect(toolsConfig({ kafkaBrokers: 3, workers: 4, mongodbSlot: 'worker-4' }).kafka_disk_bytes).toBe(10 * GIB);
  });
});

it('keeps prices for ever, or as long as is asked for', () => {
  expect(toolsConfig({}).price_retention_days).toBe(0);
  expect(toolsConfig({ priceRetentionDays: '90' }).price_retention_days).toBe(90);
});

describe('producers', () => {
  const spread = (given: Record<string, unknown>) => {
    const rendered = stackSettings(readConfig({ account: '000000000000', region: 'eu-west-1', ...given }, {}));
    const { METALS_PRODUCER_REPLICAS, METALS_PRODUCER_MAX_PER_NODE, METALS_PRODUCER_UPDATE_ORDER } = rendered;
    return [METALS_PRODUCER_REPLICAS, METALS_PRODUCER_MAX_PER_NODE, METALS_PRODUCER_UPDATE_ORDER];
  };

  it.each([
    ['two, on two workers, unless told otherwise', {}, ['2', '1', 'stop-first']],
    ['two on one worker, which has room for both', { workers: 1 }, ['2', '2', 'stop-first']],
    ['five on two workers, as evenly as they can be', { producerReplicas: 5 }, ['5', '3', 'stop-first']],
    ['one, whose successor starts first, anywhere', { producerReplicas: 1 }, ['1', '0', 'start-first']],
  ])('are %s', (_what, given, expected) => expect(spread(given)).toEqual(expected));

  it('are spread in the same way where an operator scales them: assets/documents/lib/scale.sh', () => {
    const numbers = [1, 2, 3, 4, 5, 10].flatMap((replicas) => [1, 2, 3, 7].map((workers) => [replicas, workers]));
    const calls = numbers.map(([replicas, workers]) => `producer_spread ${replicas} ${workers}`);
    const script = `source ${path.join(REPOSITORY, 'assets/documents/lib/scale.sh')}\n${calls.join('\n')}\n`;
    const said = execFileSync('bash', ['-c', script], { encoding: 'utf8' }).trim().split('\n');
    const here = numbers.map(([producerReplicas, workers]) => spread({ producerReplicas, workers }).slice(1).join(' '));
    expect(said).toEqual(here);
  });
});

describe('the feed of the producer', () => {
  const shipped = path.join(REPOSITORY, 'assets/stack');
  const edited = mkdtempSync(path.join(tmpdir(), 'metals-stack-'));
  afterAll(() => rmSync(edited, { recursive: true }));

  /** What the producer reads, as its own schema understands it, after `feed` of producer.yml was replaced. */
  function producerFeed(settings: Record<string, unknown>, feed?: unknown) {
    cpSync(shipped, edited, { recursive: true });
    const file = path.join(edited, 'config/producer.yml');
    const document = parseDocument(readFileSync(file, 'utf8'));
    if (feed !== undefined) document.set('feed', feed);
    writeFileSync(file, document.toString());
    const config = readConfig({ account: '000000000000', region: 'eu-west-1', ...settings }, {});
    renderBundle(config, folder, edited);
    return producerConfigSchema.parse(parse(readFileSync(path.join(folder, 'config/producer.yml'), 'utf8'))).feed;
  }

  it.each([
    ['as it is shipped', undefined],
    ['of a kind that is not stated', { seed: 2 }],
    ['without a rate', { kind: 'simulator' }],
  ])('simulates at the configured rate, %s', (_what, feed) => {
    expect(producerFeed({ feedEventsPerSecond: '3' }, feed)).toMatchObject({ kind: 'simulator', rate_per_second: 3 });
  });

  it('polls an HTTP source as docs/events.md shows it', () => {
    const example = /```yaml\n(feed:\n[^`]*)```/.exec(readFileSync(path.join(REPOSITORY, 'docs/events.md'), 'utf8'));
    const { feed } = parse(example![1]!) as { feed: unknown };
    expect(feed).toMatchObject({ kind: 'http' });
    expect(producerFeed({}, feed)).toEqual(feed);
  });
});
