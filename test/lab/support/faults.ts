/** Faults of nodes and services, each as it comes: nobody is told, and nothing is put in order. */
import { FIRST_MANAGER, parameterPath } from '../../../lib/contract';
import { instanceOfSlot, replaceInstance } from './instances';
import { beginAgain, bringBack, loseNode, rewindAll } from './lost-volumes';
import { inNode, tasks, tryInNode } from './nodes';
import { eventually, metals, run, type Settings } from './run';
import { stage } from './secrets';

const sleep = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
const containerOf = async (slot: string): Promise<string> => (await instanceOfSlot(stage(), slot)).container;

/** SIGKILL to what one task of a service runs. */
export async function killTask(service: string): Promise<void> {
  const [task] = await tasks(service);
  if (!task) throw new Error(`no task of ${service} is running`);
  await inNode(task.node, ['docker', 'kill', task.container]);
}

const PAUSE_ATTEMPTS = 5;

/** A process that is just waiting for the kernel cannot be frozen: "unable to freeze". */
async function pause(container: string, attempts = PAUSE_ATTEMPTS): Promise<void> {
  try {
    await run('docker', ['pause', container]);
  } catch (error) {
    if (attempts <= 1 || !String(error).includes('unable to freeze')) throw error;
    await pause(container, attempts - 1);
  }
}

/** Under cgroup v1 the containers of a node are in cgroups beside its own: assets/lab/node/lib/limits.sh. */
const FREEZER = `
  . /run/metals-lab/environment
  [ -n "$LAB_CGROUP_PARENT" ] || exit 0
  own=$(sed -n 's|^[0-9]*:freezer:.*/||p' /proc/self/cgroup)
  for task in /sys/fs/cgroup/freezer"$LAB_CGROUP_PARENT"/*/; do
    [ "$(basename "$task")" = "$own" ] || echo "$1" >"$task/freezer.state"
  done`;

/** The node stands still, its containers as well: it answers nothing, and its connections stay open. */
export async function pauseNode(slot: string, seconds: number): Promise<void> {
  const container = await containerOf(slot);
  const freezer = (state: 'FROZEN' | 'THAWED') => inNode(container, ['bash', '-ec', FREEZER, 'freezer', state]);
  await freezer('FROZEN');
  try {
    await pause(container);
    try {
      await sleep(seconds);
    } finally {
      await run('docker', ['unpause', container]);
    }
  } finally {
    await freezer('THAWED');
  }
}

/** The instance of a slot is terminated; the Auto Scaling group brings another one. */
export async function terminate(slot: string): Promise<void> {
  await replaceInstance(stage(), slot);
}

/**
 * The instance of a slot ends, and its volume is lost with it. `metals status` must say so; then what it advises is done: a
 * deployment with an empty volume, and, where stored prices were on it, a rewind.
 *
 * @param settings as the stage was deployed
 */
export async function loseForGood(slot: string, settings: Settings, hasPrices: boolean): Promise<void> {
  const claim = parameterPath(stage(), 'claim');
  const holdsSwarm = slot === FIRST_MANAGER && settings.managers === 1;
  const lost = await loseNode(slot);
  try {
    await eventually('metals status that names the lost volume', 300, async () => {
      const { code, stdout, stderr } = await metals('--timeout', '40s', 'status', '--json');
      return code !== 0 && stdout.includes('no volume any more')
        ? undefined
        : `${code} ${stdout.slice(-300)} ${stderr}`;
    });
    const says = ['is gone or has lost its tags', ...(holdsSwarm ? [`aws ssm delete-parameter --name ${claim}`] : [])];
    await beginAgain(slot, lost, says, settings);
    if (hasPrices) await rewindAll();
  } catch (error) {
    await bringBack(slot, lost, settings, holdsSwarm);
    throw error;
  }
}

const addressOf = async (container: string): Promise<string> =>
  (await inNode(container, ['docker', 'info', '--format', '{{.Swarm.NodeAddr}}'])).trim();

/** Each rule as often as it stands there; one that is not is gone, as after a reboot. */
const MEND = `
  while iptables -w -D INPUT -s "$1" -j DROP 2>/dev/null; do :; done
  while iptables -w -D OUTPUT -d "$1" -j DROP 2>/dev/null; do :; done
  ! iptables -w -S | grep -F -- "$1/32 -j DROP"`;

/** No packet passes between two nodes, in either direction. */
export async function cut(one: string, other: string, seconds: number): Promise<void> {
  const [from, to] = [await containerOf(one), await containerOf(other)];
  const peer = await addressOf(to);
  try {
    for (const match of [
      ['INPUT', '-s', peer],
      ['OUTPUT', '-d', peer],
    ])
      await inNode(from, ['iptables', '-w', '-I', ...match, '-j', 'DROP']);
    await sleep(seconds);
  } finally {
    // One that stands still, or boots just then, takes nothing.
    await eventually(`the network between ${one} and ${other}`, 180, async () => {
      const { code, stdout, stderr } = await tryInNode(from, ['bash', '-c', MEND, 'mend', peer]);
      return code === 0 ? undefined : `${stdout}${stderr}`;
    });
  }
}

const BALLAST = '/var/lib/docker/lab-ballast';

/** Space that is taken and not written, as volumes of the lab are files that grow on this machine's disk and never shrink. */
const TAKE_ALL = `
  ls /dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_* >/dev/null
  size=$(df -B1 --output=avail /var/lib/docker | tail -n 1) taken=0
  while [ "$size" -ge 65536 ]; do
    if fallocate -o "$taken" -l "$size" ${BALLAST} 2>/dev/null; then taken=$((taken + size)); else size=$((size / 2)); fi
  done
  dd if=/dev/zero of=${BALLAST}-rest bs=64K count=16K 2>/dev/null && exit 1
  test -s ${BALLAST}`;

/** The data volume has not one block left. */
export async function fillDisk(slot: string, seconds: number): Promise<void> {
  const container = await containerOf(slot);
  // Where volumes are the disk of this machine, it is not filled.
  await inNode(container, ['sh', '-ec', TAKE_ALL]);
  try {
    await sleep(seconds);
  } finally {
    await inNode(container, ['rm', '-f', BALLAST, `${BALLAST}-rest`]);
  }
}
