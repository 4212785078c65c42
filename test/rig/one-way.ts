/** Packets that vanish on the way in one direction, by a rule in the network of one container: half-open connections. */
import { docker } from '../../lib/lab/docker';
import type { Task } from './task';

export type Direction = 'in' | 'out';

/** Pure: of what the container gets from the peer, or sends to it, nothing arrives and nobody is told. */
export const dropRule = (direction: Direction, peer: string): string[] =>
  direction === 'in'
    ? ['INPUT', '--source', peer, '--jump', 'DROP']
    : ['OUTPUT', '--destination', peer, '--jump', 'DROP'];

/** Drops until the function that it returns is called. A container that has started again meanwhile has no rule left. */
export async function dropOneWay(
  toolbox: string,
  task: Task,
  direction: Direction,
  peer: Task,
): Promise<() => Promise<void>> {
  const rule = dropRule(direction, peer.address);
  const { startedAt } = await task.state();
  const table = (change: '--append' | '--delete'): Promise<string> =>
    docker([
      ...['run', '--rm', '--network', `container:${task.container}`, '--cap-drop', 'ALL'],
      ...['--cap-add', 'NET_ADMIN', '--cap-add', 'NET_RAW', toolbox, 'iptables', change, ...rule],
    ]);
  await table('--append');
  return async () => {
    const now = await task.state();
    if (now.running && now.startedAt === startedAt) await table('--delete');
  };
}
