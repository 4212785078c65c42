import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { REPOSITORY } from '../../../lib/repository';
import { brokerFiles } from '../../../lib/constructs/broker-files';

const stackYaml = readFileSync(path.join(REPOSITORY, 'assets/stack/stack.yml'), 'utf8');
// As Docker reads it.
const broker1 = parse(stackYaml, { merge: true, version: '1.1' }).services.kafka;
const files = (brokers: number): Record<string, any> =>
  Object.fromEntries(Object.entries(brokerFiles(stackYaml, brokers)).map(([name, yaml]) => [name, parse(yaml)]));
const three = files(3);

test('each broker but the first has a file of its own, so that one can be changed after the other', () => {
  expect(Object.entries(three).map(([name, { services }]) => [name, Object.keys(services)])).toEqual([
    ['stack.broker-1.yml', ['kafka']],
    ['stack.broker-2.yml', ['kafka-2']],
    ['stack.broker-3.yml', ['kafka-3']],
    ['form.yml', ['look-1', 'look-2', 'look-3']],
    ['form-new.yml', ['form']],
  ]);
});

test('nobody but its user reads a secret of a broker, whichever YAML the number is of', () => {
  const services = Object.values({ ...files(1), ...three }).flatMap((file) => Object.values<any>(file.services ?? {}));
  const modes = services.flatMap(({ secrets }) => secrets.map(({ mode }: { mode: number }) => mode));
  expect(modes.length).toBeGreaterThan(10);
  expect(new Set(modes)).toEqual(new Set([0o400]));
});

test('a broker differs from the first in its number and its place alone', () => {
  const { environment, secrets, deploy, ...rest } = three['stack.broker-3.yml'].services['kafka-3'];
  const { environment: first, secrets: firstSecrets, deploy: firstDeploy, ...firstRest } = broker1;
  expect(rest).toEqual(firstRest);
  expect(environment).toEqual({
    ...first,
    METALS_KAFKA_BROKERS: '3',
    METALS_KAFKA_BROKER: '3',
    METALS_KAFKA_CLUSTER_ID: '${METALS_KAFKA_CLUSTER_ID}',
  });
  expect(deploy).toEqual({ ...firstDeploy, placement: { constraints: ['node.labels.metals.kafka-3 == true'] } });
  expect(secrets.slice(0, -1)).toEqual(firstSecrets);
  expect(secrets.at(-1)).toEqual({
    ...firstSecrets[0],
    source: 'kafka-password-brokers',
    target: 'kafka-password-brokers',
  });
});

test('what is merged over the first broker makes it a member, and moves it nowhere', () => {
  const { kafka } = three['stack.broker-1.yml'].services;
  expect(Object.keys(kafka)).toEqual(['environment', 'secrets']);
  expect(kafka.environment).toMatchObject({ METALS_KAFKA_BROKER: '1', METALS_KAFKA_BROKERS: '3' });
});

test('jobs look at, or write, the volume of the broker that they are named after, and end', () => {
  const { 'look-2': look } = three['form.yml'].services;
  const { form } = three['form-new.yml'].services;
  expect([look.command, look.deploy.placement.constraints]).toEqual([
    ['cluster'],
    ['node.labels.metals.kafka-2 == true'],
  ]);
  expect([form.command, form.deploy.placement.constraints]).toEqual([['form'], ['node.labels.metals.kafka == true']]);
  for (const job of [look, form]) {
    expect(job.volumes).toEqual(broker1.volumes);
    expect(job.deploy).toMatchObject({ mode: 'replicated-job', restart_policy: { condition: 'on-failure' } });
    expect(job).toMatchObject({ read_only: true, cap_drop: ['ALL'], healthcheck: { disable: true } });
  }
});

test('every file declares what its services use', () => {
  for (const { services, networks, secrets, volumes } of Object.values(three))
    for (const service of Object.values<any>(services)) {
      for (const network of service.networks ?? []) expect(Object.keys(networks)).toContain(network);
      for (const { source } of service.secrets) expect(Object.keys(secrets)).toContain(source);
      for (const { type, source } of service.volumes ?? [])
        if (type === 'volume') expect(Object.keys(volumes)).toContain(source);
    }
});

test('a single broker may still be a member of a cluster that once had three', () => {
  const one = files(1);
  expect(one['stack.broker-1.yml'].services.kafka.environment.METALS_KAFKA_BROKERS).toBe('1');
  expect(Object.keys(one)).toEqual(['stack.broker-1.yml', 'leave-2.yml', 'leave-3.yml', 'dismiss.yml']);
});

test('going back to one, the others stay what they were, but do not come back', () => {
  const { 'leave-3.yml': leave, 'dismiss.yml': dismiss } = files(1);
  const { environment, ...rest } = leave.services['kafka-3'];
  const { environment: before, ...restBefore } = three['stack.broker-3.yml'].services['kafka-3'];
  expect(rest).toEqual(restBefore);
  expect(environment).toEqual({ ...before, METALS_KAFKA_AUTO_JOIN: 'false' });
  expect(dismiss.services.dismiss).toMatchObject({ command: ['dismiss'], deploy: { mode: 'replicated-job' } });
});
