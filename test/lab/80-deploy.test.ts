/** The CDK CLI as typed by hand, with nothing but the lab's environment. */
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { cloudFormationStackName, STACKS } from '../../lib/contract';
import { GATEWAY_CONTAINER } from '../../lib/lab/names';
import { onManager } from './support/nodes';
import { http, PRODUCER_URL } from './support/pipeline';
import { probed } from './support/probed';
import { cdk, metals, run } from './support/run';
import { stage } from './support/secrets';

jest.setTimeout(900_000);

/** What would change if anything did: when each stack was last updated, and what each service and node is. */
async function fingerprint(): Promise<unknown> {
  const client = new CloudFormationClient({});
  const stacks = await Promise.all(
    STACKS.map(async (id) => {
      const reply = await client.send(new DescribeStacksCommand({ StackName: cloudFormationStackName(stage(), id) }));
      const { StackStatus, LastUpdatedTime, CreationTime } = reply.Stacks![0]!;
      return [id, StackStatus, (LastUpdatedTime ?? CreationTime)?.getTime()];
    }),
  );
  const ids = (await onManager('service', 'ls', '-q')).trim().split('\n').sort();
  const services = JSON.parse(await onManager('service', 'inspect', ...ids)) as {
    ID: string;
    Version: { Index: number };
    Spec: unknown;
  }[];
  const nodes = (await onManager('node', 'ls', '--format', '{{.ID}} {{.Hostname}}')).trim().split('\n').sort();
  return { stacks, services: services.map(({ ID, Spec }) => [ID, Spec]), nodes };
}

test('what answers as AWS still knows everything after a kill, and a second lab up goes on from there', async () => {
  const before = await fingerprint();
  await run('docker', ['kill', GATEWAY_CONTAINER]);
  const result = await metals('lab', 'up');
  expect([result.code, result.code === 0 ? '' : `${result.stdout}${result.stderr}`]).toEqual([0, '']);
  expect(await fingerprint()).toEqual(before);
});

test('a second deploy without a change changes nothing', async () => {
  const before = await fingerprint();
  const started = Date.now();
  const result = await cdk('deploy', '--all', '--require-approval', 'never');
  expect([result.code, result.code === 0 ? '' : result.stderr]).toEqual([0, '']);
  expect(`${result.stdout}${result.stderr}`.match(/no changes/g)).toHaveLength(STACKS.length);
  expect(await fingerprint()).toEqual(before);
  console.log(`cdk deploy --all without a change: ${((Date.now() - started) / 1000).toFixed(1)} s`);
});

test('cdk diff finds no difference', async () => {
  const result = await cdk('diff', '--fail');
  expect(`${result.stdout}${result.stderr}`.match(/There were no differences/g)).toHaveLength(STACKS.length);
  expect(result.code).toBe(0);
});

test('a configuration with mistakes names all of them and changes nothing', async () => {
  const before = await fingerprint();
  const result = await cdk(
    'deploy',
    '--all',
    '-c',
    'workers=0',
    '-c',
    'managers=2',
    '-c',
    'kafkaMod=zookeeper',
    '-c',
    'vpcCidr=10.10.0.0/16',
  );
  expect(result.code).not.toBe(0);
  expect(result.stderr).toMatch(/workers: got "?0"?/);
  expect(result.stderr).toMatch(/managers: got "?2"?/);
  expect(result.stderr).toContain('kafkaMod: unknown key; did you mean "kafkaMode"?');
  expect(result.stderr).not.toMatch(/\n\s+at /);
  expect(await fingerprint()).toEqual(before);
});

describe('a version that fails its health check', () => {
  let result: Awaited<ReturnType<typeof cdk>>;
  let requests: number;
  let failed: readonly string[];
  let imageBefore: string;

  const producerImage = async (): Promise<string> =>
    (
      await onManager('service', 'inspect', 'metals_producer', '--format', '{{.Spec.TaskTemplate.ContainerSpec.Image}}')
    ).trim();

  beforeAll(async () => {
    imageBefore = await producerImage();
    const fault = () => cdk('deploy', '--all', '--require-approval', 'never', '-c', 'fault=producer-unhealthy');
    ({ result, requests, failed } = await probed(fault));
  });

  test('makes cdk deploy fail, with the service, the error of its task and its last log lines', () => {
    expect(result.code).not.toBe(0);
    const told = `${result.stdout}${result.stderr}`;
    expect(told).toMatch(/service producer: \d of \d replicas/);
    expect(told).toMatch(/task .*(unhealthy|non-zero exit)/);
    expect(told).toContain('last lines of its log:');
    expect(told).toMatch(/command [0-9a-f-]{36}/);
    expect(told).toMatch(/i-[0-9a-f]{8,17}/);
  });

  test('leaves the version before it serving, without one failed request', async () => {
    expect(requests).toBeGreaterThan(20);
    expect(failed).toEqual([]);
    expect(await producerImage()).toBe(imageBefore);
    expect((await http('GET', `${PRODUCER_URL}/health`)).body).toMatchObject({ status: 'healthy' });
  });

  test('and the state before it: healthy, nothing to deploy', async () => {
    const status = await metals('status', '--json');
    const diff = await cdk('diff', '--fail');
    expect(diff.code).toBe(0);
    expect(JSON.parse(status.stdout)).toMatchObject({
      nodes: [{ state: 'ready' }, { state: 'ready' }, { state: 'ready' }],
    });
  });

  test('the next good deploy succeeds', async () => {
    const good = await cdk('deploy', '--all', '--require-approval', 'never');
    expect([good.code, good.code === 0 ? '' : good.stderr]).toEqual([0, '']);
    expect((await metals('smoke-test')).code).toBe(0);
  });
});
