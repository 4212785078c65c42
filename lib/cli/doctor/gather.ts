/** Everything that may explain a fault, looked at side by side. */
import { askManager } from '../ask-manager';
import { failedAssociations } from '../associations';
import { clientsOf } from '../clients';
import { readStatus } from '../commands/status';
import type { Context } from '../context';
import { CliError, explainError } from '../errors';
import { readVolumes } from '../slot-volumes';
import { connect, type Connection } from '../systems-manager';
import type { Evidence, Missing } from './evidence';
import { lookAtInstances, type Looked } from './instances';
import { packedSwarmEvidence } from './packed';

export const DOCTOR_FAILED = 'the deployment could not be examined';
/** For all of it, unless somebody says another time. */
export const EXAMINED_WITHIN_SECONDS = 18;
/** With these nobody may ask, or nothing is there to be asked: there is nothing to find. */
const NO_WAY: readonly string[] = ['credentials', 'forbidden', 'not-deployed', 'no-region', 'unreachable'];

/** @param seconds for all of it together, but for a moment */
export async function gather(unbounded: Context, seconds: number): Promise<Evidence> {
  // Calls of AWS as well: one that hangs must not hide what else there is.
  const context = { ...unbounded, timeoutSeconds: seconds };
  const connection = await connect(context);
  const missing: Missing[] = [];
  /** What cannot be had does not hide what can. */
  const or = <T>(what: string, fallback: T, work: Promise<T>): Promise<T> =>
    work.catch((error: unknown) => {
      if (context.interrupted.aborted) throw error;
      const { why, next } = explain(context, connection, error);
      missing.push({ what, why, next });
      return fallback;
    });
  const nothing: Looked = { nodes: [], silent: [], offline: [], running: undefined, refused: false };
  const [swarm, instances, volumes, associations] = await Promise.all([
    askSwarm(context, connection, seconds),
    or('the nodes', nothing, lookAtInstances(context, connection, seconds)),
    or('the data volumes', undefined, volumesOf(context, connection)),
    or('the associations', [] as readonly string[], failedAssociations(context, connection.region)),
  ]);
  if (instances.refused) missing.push({ what: 'the instances', why: 'ec2:DescribeInstances is not allowed', next: [] });
  const away =
    swarm.status?.nodes.flatMap(({ state, slot }) => (state === 'ready' || slot === null ? [] : [slot])) ?? [];
  const suspects = [...new Set([...away, ...instances.offline.map(({ slot }) => slot)])];
  return {
    ...{ status: swarm.status, swarm: swarm.swarm, swarmSilent: swarm.swarmSilent },
    ...{ nodes: instances.nodes, silent: instances.silent, offline: instances.offline, running: instances.running },
    slotsWithoutVolume: volumes === undefined ? [] : suspects.filter((slot) => !volumes.includes(slot)),
    failedAssociations: associations,
    missing: [...missing, ...swarm.missing],
  };
}

const explain = ({ profile, endpoint }: Context, { region }: Connection, error: unknown): CliError =>
  explainError(error, { what: DOCTOR_FAILED, region, profile, endpoint });

/** Slots that have one; undefined where they may not be seen. */
async function volumesOf(context: Context, { region }: Connection): Promise<readonly string[] | undefined> {
  const found = await readVolumes(await clientsOf(context, region), context.stage);
  return found?.flatMap(({ slot }) => slot ?? []);
}

type OfSwarm = Pick<Evidence, 'status' | 'swarm' | 'swarmSilent' | 'missing'>;

/** Both answers of a manager, or why there is none. @throws where nobody may ask */
async function askSwarm(context: Context, connection: Connection, seconds: number): Promise<OfSwarm> {
  const evidence = askManager(context, connection, {
    document: 'swarm-evidence',
    title: undefined,
    parameters: {},
    timeoutSeconds: seconds,
    answer: packedSwarmEvidence,
    failure: DOCTOR_FAILED,
    next: './bin/metals status',
  });
  const [status, swarm] = await Promise.allSettled([readStatus(context, true), evidence]);
  const missing = [status, swarm].flatMap((reply): Missing[] => {
    if (reply.status === 'fulfilled') return [];
    const { code, why, next } = explain(context, connection, reply.reason);
    if (context.interrupted.aborted || NO_WAY.includes(code)) throw reply.reason;
    return [{ what: 'the Swarm', why, next }];
  });
  const told = {
    status: status.status === 'fulfilled' ? status.value : undefined,
    swarm: swarm.status === 'fulfilled' ? swarm.value : undefined,
  };
  const isSilent = told.status === undefined && told.swarm === undefined;
  return isSilent ? { ...told, swarmSilent: missing[0], missing: [] } : { ...told, swarmSilent: undefined, missing };
}
