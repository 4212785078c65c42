import { productConfig, runArguments, stackService, type Placement } from './stack';

const PLACEMENT: Placement = {
  container: 'metals-rig-x-producer-1',
  image: 'metals-rig/producer:1',
  network: 'metals-rig-x',
  alias: 'producer-1',
  labels: { 'com.metals.rig': 'x' },
  secretsDirectory: '/rig/secrets',
  configFile: '/rig/producer-1.yml',
  volumePrefix: 'metals-rig-x-',
};
const text = (...args: Parameters<typeof runArguments>): string => runArguments(...args).join(' ');

test('a service gets what it has on the Swarm: user, read-only root, no capabilities, limits, secrets, configuration', () => {
  const args = text(stackService('producer'), PLACEMENT);
  for (const part of [
    '--user 1000:1000',
    '--read-only',
    '--init',
    '--cap-drop ALL',
    '--cpus 0.5',
    '--memory 256M',
    '--pids-limit 100',
    'source=/rig/secrets/kafka-password-producer,destination=/run/secrets/kafka-password,readonly',
    'source=/rig/producer-1.yml,destination=/etc/metals/producer.yml,readonly',
    'type=tmpfs,destination=/tmp,tmpfs-size=16777216',
  ]) {
    expect(args).toContain(part);
  }
  expect(args.endsWith('metals-rig/producer:1')).toBe(true);
});

test('no value that only the Swarm can fill in, and nothing published without a port', () => {
  const args = text(stackService('producer'), PLACEMENT);
  expect(args).not.toMatch(/\$\{|\{\{/);
  expect(args).not.toContain('--publish');
});

test('ports are published on loopback alone', () => {
  const port = { host: 20_001, container: 8000 };
  expect(text(stackService('producer'), { ...PLACEMENT, port })).toContain('--publish 127.0.0.1:20001:8000');
});

test('limits can be others or none', () => {
  const service = stackService('processor');
  expect(text(service, { ...PLACEMENT, cpus: 2, memory: '1g' })).toContain('--cpus 2 --memory 1g');
  expect(text(service, { ...PLACEMENT, cpus: 'unlimited', memory: 'unlimited' })).not.toMatch(/--cpus|--memory/);
});

test('data is in volumes with the label by which they are removed', () => {
  expect(text(stackService('kafka'), PLACEMENT)).toContain(
    'type=volume,source=metals-rig-x-kafka-data-kraft,destination=/var/lib/kafka/data,volume-label=com.metals.rig=x',
  );
});

test('the setup job is found whatever its name, and configurations are the product’s', () => {
  expect(stackService('tools').secrets.map(({ target }) => target)).toContain('kafka-password-admin');
  expect(productConfig('processor')).toHaveProperty('topic.name', 'metals-prices');
});
