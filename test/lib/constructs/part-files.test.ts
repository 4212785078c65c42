import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { REPOSITORY } from '../../../lib/repository';
import { partFiles } from '../../../lib/constructs/part-files';

const stackYaml = readFileSync(path.join(REPOSITORY, 'assets/stack/stack.yml'), 'utf8');
// As Docker reads it.
const read = (yaml: string): any => parse(yaml, { merge: true, version: '1.1' });
const files = Object.fromEntries(Object.entries(partFiles(stackYaml)).map(([name, yaml]) => [name, read(yaml)]));

test('each part has one service, as the stack has it', () => {
  const { services } = read(stackYaml);
  expect(Object.keys(files)).toEqual(['only-producer.yml', 'only-kafka.yml', 'only-mongodb.yml', 'declarations.yml']);
  for (const name of ['producer', 'kafka', 'mongodb'])
    expect(files[`only-${name}.yml`].services).toEqual({ [name]: services[name] });
});

test('what the stack does not have is no part of it', () => {
  const { services, ...rest } = read(stackYaml);
  const external = JSON.stringify({ ...rest, services: { producer: services.producer } });
  expect(Object.keys(partFiles(external))).toEqual(['only-producer.yml', 'declarations.yml']);
});

test('every part declares what its service uses', () => {
  for (const { services = {}, networks, secrets, volumes, configs } of Object.values(files))
    for (const service of Object.values<any>(services)) {
      for (const network of service.networks) expect(networks).toHaveProperty(network);
      for (const { source } of service.secrets) expect(secrets).toHaveProperty(source);
      for (const { source } of service.configs ?? []) expect(configs).toHaveProperty(source);
      for (const { type, source } of service.volumes) if (type === 'volume') expect(volumes).toHaveProperty(source);
    }
});

test('the setup job can be deployed without the rest: what it names is declared', () => {
  const setup = parse(readFileSync(path.join(REPOSITORY, 'assets/stack/setup.yml'), 'utf8'));
  const [job] = Object.values<any>(setup.services);
  const { networks, secrets } = files['declarations.yml'];
  for (const network of job.networks) expect(networks[network]).toEqual({ external: true });
  for (const { source } of job.secrets) expect(secrets[source]).toMatchObject({ external: true });
});
