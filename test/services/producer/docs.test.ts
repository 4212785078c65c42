import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventSchema } from '../../../services/common/event';
import { ProcessorMetrics } from '../../../services/processor/metrics';
import { producerMetrics } from '../../../services/producer/metrics';
import { ask, startRig } from './support';

const root = join(__dirname, '../../..');
const text = readFileSync(join(root, 'docs/events.md'), 'utf8');

test('docs/events.md names every field, every problem and every metric', () => {
  const sources = ['common/http', 'common/http-body', 'common/http-refusal', 'producer/produce', 'producer/array'];
  const code = [...sources, 'producer/feed-routes', 'producer/feed-settings', 'producer/request', 'producer/app']
    .map((file) => readFileSync(join(root, 'services', `${file}.ts`), 'utf8'))
    .join('');
  const slugs = [...code.matchAll(/(?:Problem\(\s*[\w.]+,|unavailable\(|invalidFields\()\s*'([a-z0-9-]+)'/g)];
  expect(slugs.length).toBeGreaterThan(20);
  const metrics = producerMetrics().metrics.registry.getMetricsAsArray();
  const names = metrics.map(({ name }) => name).filter((name) => name.startsWith('metals_producer_'));
  expect(names.length).toBeGreaterThan(8);
  const missing = [
    ...Object.keys(eventSchema.properties),
    ...slugs.map(([, slug]) => slug),
    ...names.map((name) => name.replace('metals_producer_', '')),
  ].filter((word) => !text.includes(word));
  expect(missing).toEqual([]);
});

test('its table of the processor names every metric, also those that are made where the parts meet', () => {
  const main = readFileSync(join(root, 'services/processor/main.ts'), 'utf8');
  const gauges = [...main.matchAll(/metrics\.gauge(?:By)?\(\s*'([a-z0-9_]+)'/g)].map(([, name]) => name);
  expect(gauges.length).toBeGreaterThan(4);
  const counted = new ProcessorMetrics().registry
    .getMetricsAsArray()
    .filter(({ name }) => name.startsWith('metals_processor_'))
    .map(({ name }) => name.replace('metals_processor_', ''));
  expect(counted.length).toBeGreaterThan(8);
  // Some names stand in the table of the producer as well.
  const [, table] = text.split('| metric (`metals_processor_…`)');
  expect([...counted, ...gauges].filter((name) => !new RegExp(`\`${name}[\`{]`).test(table))).toEqual([]);
});

test('what it shows as requests gets the answers that it shows', async () => {
  const rig = await startRig();
  const bodies = [...text.matchAll(/-d '([^']+)'/g)].map(([, body]) => body);
  expect(bodies).toHaveLength(3);
  const [one, several, settings] = bodies;
  expect((await ask(rig.port, { body: one })).status).toBe(202);
  expect((await ask(rig.port, { body: several })).status).toBe(207);
  expect((await ask(rig.port, { method: 'PUT', path: '/feed', body: settings })).status).toBe(200);
  await rig.stop();
});
