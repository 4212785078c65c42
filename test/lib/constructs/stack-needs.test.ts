import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readConfig } from '../../../lib/config';
import { renderBundle } from '../../../lib/constructs/stack-bundle';
import { stackNeeds, type ServiceNeeds } from '../../../lib/constructs/stack-needs';

const service = (deploy: string): string => `services:\n  thing:\n    image: x\n    deploy:\n${deploy}`;
const needsOf = (deploy: string, variables = {}): ServiceNeeds => stackNeeds([service(deploy)], variables)[0]!;

it('reads sizes and CPUs as Docker does', () => {
  const reserving = (memory: string) =>
    needsOf(`      resources: { reservations: { cpus: '0.25', memory: ${memory} } }\n`);
  expect(reserving('128M')).toMatchObject({ nano_cpus: 250_000_000, memory_bytes: 134_217_728 });
  expect(reserving('1.5gb').memory_bytes).toBe(1_610_612_736);
  expect(reserving("'512'").memory_bytes).toBe(512);
  expect(() => reserving('12X')).toThrow('service thing: reserved memory: got "12X", expected a size such as 256M');
});

it('is one task that reserves nothing and may run anywhere, where nothing else is said', () => {
  expect(stackNeeds(['services:\n  thing:\n    image: x\n'], {})).toEqual([
    {
      ...{ name: 'thing', global: false, replicas: 1, nano_cpus: 0, memory_bytes: 0 },
      ...{ constraints: [], start_first: false },
    },
  ]);
});

it('takes replicas from the settings, and refuses a variable that there is none of', () => {
  expect(needsOf('      replicas: ${METALS_THINGS}\n', { METALS_THINGS: '3' }).replicas).toBe(3);
  expect(() => needsOf('      replicas: ${METALS_THINGS}\n')).toThrow(
    'service thing: replicas: got "${METALS_THINGS}", expected a number of replicas',
  );
});

it('follows anchors, and lets a later file have the last word', () => {
  const first = `x-at: &at { constraints: [node.role == worker] }\n${service('      placement: *at\n      mode: global\n')}`;
  const second = service('      update_config: { order: start-first }\n');
  expect(stackNeeds([first, second], {})).toMatchObject([
    { global: true, constraints: ['node.role == worker'], start_first: true },
  ]);
});

describe('the bundle', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'metals-needs-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  const bundled = (settings: Record<string, unknown>): Map<string, ServiceNeeds> => {
    renderBundle(readConfig({ account: '000000000000', region: 'eu-west-1', ...settings }, {}), folder);
    const needs = JSON.parse(readFileSync(path.join(folder, 'needs.json'), 'utf8')) as ServiceNeeds[];
    return new Map(needs.map((one) => [one.name, one]));
  };

  it('tells what its own stack files reserve, of every service', () => {
    const needs = bundled({ producerReplicas: 4 });
    expect(needs.get('edge')).toMatchObject({ global: true, start_first: false });
    expect(needs.get('producer')).toMatchObject({
      ...{ replicas: 4, start_first: false, constraints: ['node.role == worker'], memory_bytes: 134_217_728 },
    });
    expect(needs.get('mongodb')).toMatchObject({ replicas: 1, constraints: ['node.labels.metals.mongodb == true'] });
    expect(needs.has('setup')).toBe(true);
    expect(needs.has('zookeeper')).toBe(false);
  });

  it('has ZooKeeper in its mode alone', () => {
    expect(bundled({ kafkaMode: 'zookeeper' }).get('zookeeper')).toMatchObject({ memory_bytes: 268_435_456 });
  });
});
