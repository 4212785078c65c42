/** Kafka with ZooKeeper: refused on KRaft's data, working once that is gone, and back again. */
import { SSMClient } from '@aws-sdk/client-ssm';
import { documentName, TAG } from '../../lib/contract';
import { explainFailure, runCommand } from '../../lib/ssm';
import { tasks } from './support/nodes';
import { cdk, metals } from './support/run';
import { stage } from './support/secrets';
import { inFullRun } from './support/sequences';

jest.setTimeout(1_200_000);

const deploy = (mode: 'kraft' | 'zookeeper') =>
  cdk('deploy', '--all', '--require-approval', 'never', '-c', `kafkaMode=${mode}`);

/** What the refusal says: stack-remove on all nodes with RemoveData=kafka. */
async function removeKafkaData(): Promise<void> {
  const state = await runCommand(new SSMClient({}), {
    documentName: documentName(stage(), 'stack-remove'),
    parameters: { RemoveData: 'kafka' },
    targets: [{ key: `tag:${TAG.stage}`, values: [stage()] }],
    expectedInstanceCount: 3,
    timeoutSeconds: 420,
    comment: 'lab test: change of the Kafka mode',
  });
  if (!state.succeeded) throw new Error(explainFailure(state, 'eu-west-1'));
}

async function expectSmokeTestPasses(): Promise<void> {
  const result = await metals('smoke-test', '--json');
  expect(JSON.parse(result.stdout)).toMatchObject({ passed: true });
}

async function expectDeployed(mode: 'kraft' | 'zookeeper'): Promise<void> {
  const result = await deploy(mode);
  expect([result.code, result.code === 0 ? '' : result.stderr]).toEqual([0, '']);
}

inFullRun('on the data of the other mode', () => {
  test('changing the mode on existing data is refused, with what to do, and the old mode keeps serving', async () => {
    const result = await deploy('zookeeper');
    expect(result.code).not.toBe(0);
    const told = `${result.stdout}${result.stderr}`;
    expect(told).toContain("Kafka's data on this Swarm was written in kraft mode and cannot be read in zookeeper mode");
    expect(told).toContain('RemoveData=kafka');
    expect(await tasks('zookeeper')).toEqual([]);
    await expectSmokeTestPasses();
  });
});

test('without the data, the ZooKeeper mode is deployed and passes the smoke test', async () => {
  await removeKafkaData();
  await expectDeployed('zookeeper');
  expect(await tasks('zookeeper')).toHaveLength(1);
  await expectSmokeTestPasses();
});

test('and back to KRaft', async () => {
  await removeKafkaData();
  await expectDeployed('kraft');
  expect(await tasks('zookeeper')).toEqual([]);
  await expectSmokeTestPasses();
});
