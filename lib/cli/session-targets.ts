/** Which instance a session goes to. */
import { type NodeRole, SLOT_PATTERN, TAG } from '../contract';
import type { InstanceInformation } from '@aws-sdk/client-ssm';
import { isOnline, listInstances, listOnline } from '../ssm/run-command';
import type { Target } from '../ssm';
import { clientsOf } from './clients';
import type { Context } from './context';
import { CliError } from './errors';
import type { Connection } from './systems-manager';
import { whatThereIs } from './what-there-is';

/** @throws CliError (usage) for what is no name of a slot */
export function assertSlot(slot: string, what: string): void {
  if (!SLOT_PATTERN.test(slot))
    throw new CliError(
      what,
      `"${slot}" is no slot, such as worker-1`,
      ['./bin/metals status    # lists them'],
      'usage',
    );
}

/** The instance of a slot that is online. @throws CliError naming the slots that there are */
export async function instanceOfSlot(
  context: Context,
  { ssm, region }: Connection,
  slot: string,
  what: string,
): Promise<string> {
  // While a slot is replaced the instance that has just gone is Online as well, for some minutes.
  const online = (await listInstances(ssm, ofStage(context, TAG.slot, slot))).filter(isOnline);
  const newest = online.sort((a, b) => pingedAtMs(b) - pingedAtMs(a))[0];
  if (newest !== undefined) return newest.InstanceId!;
  // Loaded here: no other command waits for EC2's client.
  const [{ EC2Client }, { listInstances: listOfEc2 }] = await Promise.all([
    import('@aws-sdk/client-ec2'),
    import('./manager-instances'),
  ]);
  const running = { Name: 'instance-state-name', Values: ['pending', 'running'] };
  const make = await clientsOf(context, region);
  const found = await listOfEc2(make(EC2Client), [{ Name: `tag:${TAG.stage}`, Values: [context.stage] }, running]);
  const slots = found.flatMap((instance) => instance.slot ?? []).sort();
  if (slots.includes(slot))
    throw new CliError(
      what,
      `the instance of ${slot} is not online in Systems Manager: it boots, is being replaced, or its agent cannot reach AWS`,
      ['./bin/metals status'],
      'refused',
    );
  throw new CliError(
    what,
    `stage ${context.stage} has no slot ${slot}${whatThereIs(slot, slots)}`,
    ['./bin/metals status'],
    'usage',
  );
}

const pingedAtMs = ({ LastPingDateTime }: InstanceInformation): number => LastPingDateTime?.getTime() ?? 0;

const ofStage = ({ stage }: Context, tag: string, value: string): Target[] => [
  { key: `tag:${TAG.stage}`, values: [stage] },
  { key: `tag:${tag}`, values: [value] },
];

/** All instances of a stage that are online, managers last: they have other things to do. */
export async function onlineInstances(context: Context, { ssm }: Connection): Promise<readonly string[]> {
  const ofRole = (role: NodeRole) => listOnline(ssm, ofStage(context, TAG.role, role));
  return [...(await ofRole('worker')), ...(await ofRole('manager'))];
}
