/** State Manager's part: a node that comes by itself is prepared and joined, and what has failed is tried again. */
import {
  DescribeAssociationExecutionTargetsCommand,
  GetParameterCommand,
  ListAssociationsCommand,
  SSMClient,
  StartAssociationsOnceCommand,
  type AssociationExecutionTarget,
} from '@aws-sdk/client-ssm';
import { parameterPath } from '../../lib/contract';
import { anHourLater } from './support/associations';
import { outputOf } from './support/commands';
import { instanceOfSlot, replaceInstance } from './support/instances';
import { askBroker } from './support/kafka';
import { inNode, onlyTask, onManager, tryInNode } from './support/nodes';
import { eventually, metals } from './support/run';
import { inFullRun } from './support/sequences';
import { stage } from './support/secrets';

jest.setTimeout(420_000);

const ssm = new SSMClient({});
const SETTINGS = '/etc/metals/node.env';

type Name = 'rejoin' | 'reprepare' | 'secrets';
const DAEMON_JSON = '/etc/docker/daemon.json';

async function associationId(name: Name): Promise<string> {
  const { Associations = [] } = await ssm.send(new ListAssociationsCommand({}));
  const found = Associations.find(({ AssociationName }) => AssociationName === `metals-${stage()}-${name}`);
  if (!found) throw new Error(`there is no association ${name}`);
  return found.AssociationId!;
}

/** How an association ended on an instance; undefined while it has not. */
async function ended(name: Name, id: string): Promise<AssociationExecutionTarget | undefined> {
  const AssociationId = await associationId(name);
  // The API asks for an execution; the lab keeps the last one alone.
  const request = new DescribeAssociationExecutionTargetsCommand({ AssociationId, ExecutionId: AssociationId });
  const { AssociationExecutionTargets = [] } = await ssm.send(request);
  const target = AssociationExecutionTargets.find(({ ResourceId }) => ResourceId === id);
  return target && ['Success', 'Failed', 'TimedOut'].includes(target.Status!) ? target : undefined;
}

async function end(name: Name, id: string): Promise<AssociationExecutionTarget> {
  let target: AssociationExecutionTarget | undefined;
  await eventually(`association ${name} on ${id}`, 120, async () => {
    target = await ended(name, id);
    return target ? undefined : 'it has not ended';
  });
  return target!;
}

test('an association that has failed on a node is applied again when its time has come', async () => {
  const { id, container } = await instanceOfSlot(stage(), 'worker-2');
  await inNode(container, ['mv', SETTINGS, `${SETTINGS}.away`]);
  try {
    await ssm.send(new StartAssociationsOnceCommand({ AssociationIds: [await associationId('rejoin')] }));
    await eventually(`the failure on ${id}`, 60, async () => {
      const status = (await ended('rejoin', id))?.Status;
      return status === 'Failed' ? undefined : `it is ${status}`;
    });
  } finally {
    await inNode(container, ['mv', `${SETTINGS}.away`, SETTINGS]);
  }
  await anHourLater();
  await eventually(`association rejoin on ${id}, an hour after it has failed`, 30, async () => {
    const status = (await ended('rejoin', id))?.Status;
    return status === 'Success' ? undefined : `it is ${status}`;
  });
});

test('the association that looks for new secrets deploys nothing where there are none', async () => {
  const { id } = await instanceOfSlot(stage(), 'manager-1');
  const ids = (await onManager('service', 'ls', '-q')).trim().split('\n');
  const versions = () => onManager('service', 'inspect', '--format', '{{.Spec.Name}} {{.Version.Index}}', ...ids);
  const before = await versions();
  const commandBefore = (await ended('secrets', id))?.OutputSource?.OutputSourceId;
  await ssm.send(new StartAssociationsOnceCommand({ AssociationIds: [await associationId('secrets')] }));
  let target: AssociationExecutionTarget | undefined;
  await eventually('a run of the association secrets', 120, async () => {
    target = await ended('secrets', id);
    return target && target.OutputSource!.OutputSourceId !== commandBefore ? undefined : 'it has not ended';
  });
  expect(target!.Status).toBe('Success');
  expect(await versions()).toBe(before);
});

const TOPIC = ['--entity-type', 'topics', '--entity-name', 'metals-prices'];
const kafkaConfig = async (...args: string[]): Promise<string> =>
  askBroker(await onlyTask('kafka'), 'kafka.admin.ConfigCommand', ...TOPIC, ...args);

test('what somebody has changed by hand is put right within half an hour', async () => {
  const { container } = await instanceOfSlot(stage(), 'worker-2');
  const node = (await inNode(container, ['docker', 'info', '--format', '{{.Swarm.NodeID}}'])).trim();
  const settings = await inNode(container, ['cat', DAEMON_JSON]);
  const retention = /retention\.bytes=\d+/.exec(await kafkaConfig('--describe'))![0];
  const token = async () => {
    const Name = parameterPath(stage(), 'worker-token');
    return (await ssm.send(new GetParameterCommand({ Name, WithDecryption: true }))).Parameter!.Value!;
  };
  const before = await token();

  await inNode(container, ['sed', '-i', 's/10m/99m/', DAEMON_JSON]);
  await inNode(container, ['iptables', '-w', '-t', 'raw', '-F', 'PREROUTING']);
  await onManager('node', 'update', '--label-rm', 'metals.slot', node);
  await onManager('swarm', 'join-token', '--rotate', '--quiet', 'worker');
  await kafkaConfig('--alter', '--add-config', 'retention.bytes=1073741825');
  await anHourLater();

  await eventually('everything as it was', 120, async () => {
    if ((await inNode(container, ['cat', DAEMON_JSON])) !== settings) return 'the settings of Docker';
    if ((await tryInNode(container, ['metals-container-guard', 'check'])).code !== 0) return 'the guard';
    const label = await onManager('node', 'inspect', '--format', '{{index .Spec.Labels "metals.slot"}}', node);
    if (label.trim() !== 'worker-2') return 'the label';
    const now = (await onManager('swarm', 'join-token', '--quiet', 'worker')).trim();
    if (now === before || (await token()) !== now) return 'the join token';
    return (await kafkaConfig('--describe')).includes(`${retention} `) ? undefined : 'the retention of the topic';
  });
});

inFullRun('a node that replaces another', () => {
  test('is prepared and joined by its associations, which begin before its user data', async () => {
    const { id } = await replaceInstance(stage(), 'worker-1');
    for (const name of ['reprepare', 'rejoin'] as const) {
      const { Status, OutputSource } = await end(name, id);
      const said = Status === 'Success' ? '' : await outputOf(OutputSource!.OutputSourceId!, id);
      expect([name, Status, said]).toEqual([name, 'Success', '']);
    }
    await eventually('the pipeline healthy', 120, async () => {
      const status = await metals('status', '--json');
      return status.code === 0 ? undefined : status.stdout;
    });
  });
});
