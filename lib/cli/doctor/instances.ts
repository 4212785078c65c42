/** Which instances of a stage run, which of them answer, and what each says of itself. */
import { isRefusal } from '../../aws-errors';
import { TAG } from '../../contract';
import { isOnline, listInstances } from '../../ssm/run-command';
import { clientsOf } from '../clients';
import type { Context } from '../context';
import type { ListedInstance } from '../manager-instances';
import type { Connection } from '../systems-manager';
import { examineNodes } from './examine-nodes';
import type { Evidence } from './evidence';

/** The first boot of an instance, until its agent answers, takes a minute or two. */
const BOOTS_WITHIN_MS = 10 * 60_000;

export interface Looked extends Pick<Evidence, 'nodes' | 'offline' | 'silent' | 'running'> {
  /** Whether EC2's list may not be seen: then nothing is known of those that are offline. */
  readonly refused: boolean;
}

/** Those that run by EC2, and those whose agents answer by Systems Manager: after its end one is Online for some minutes. */
export async function lookAtInstances(context: Context, connection: Connection, seconds: number): Promise<Looked> {
  const { ssm, region } = connection;
  const [managed, listed] = await Promise.all([
    listInstances(ssm, [{ key: `tag:${TAG.stage}`, values: [context.stage] }]),
    runningInstances(context, region),
  ]);
  const online = managed.filter(isOnline).map(({ InstanceId }) => InstanceId!);
  const slotOf = (id: string): string => listed?.find((one) => one.id === id)?.slot ?? id;
  const asked = listed === undefined ? online : online.filter((id) => listed.some((one) => one.id === id));
  const { nodes, silent } = await examineNodes(context, connection, asked, seconds);
  const offline = (listed ?? []).filter(
    ({ id, launchedAt }) =>
      !online.includes(id) && (launchedAt === undefined || Date.now() - launchedAt.getTime() > BOOTS_WITHIN_MS),
  );
  return {
    nodes,
    silent: silent.map(({ instanceId, why }) => ({ slot: slotOf(instanceId), why })),
    offline: offline.map(({ id, slot = id }) => {
      const lastPing = managed.find(({ InstanceId }) => InstanceId === id)?.LastPingDateTime?.toISOString();
      return { instanceId: id, slot, lastPing: lastPing ?? 'never' };
    }),
    running: listed?.flatMap(({ slot }) => slot ?? []),
    refused: listed === undefined,
  };
}

/** Undefined where they may not be seen. */
async function runningInstances(context: Context, region: string): Promise<readonly ListedInstance[] | undefined> {
  // Loaded here: no other command waits for EC2's client.
  const [{ EC2Client }, { listInstances: listOfEc2 }] = await Promise.all([
    import('@aws-sdk/client-ec2'),
    import('../manager-instances'),
  ]);
  const client = (await clientsOf(context, region))(EC2Client);
  try {
    return await listOfEc2(client, [
      { Name: `tag:${TAG.stage}`, Values: [context.stage] },
      { Name: 'tag-key', Values: [TAG.slot] },
      { Name: 'instance-state-name', Values: ['pending', 'running'] },
    ]);
  } catch (error) {
    if (isRefusal(error)) return undefined;
    throw error;
  } finally {
    client.destroy();
  }
}
