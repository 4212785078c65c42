/** Pure: what is wrong with nodes. */
import { formatSeconds } from '../duration';
import { finding, onNode } from './finding';
import type { Evidence, Finding, NodeEvidence, SwarmEvidence } from './evidence';

const DISK_FULL_RATIO = 0.9;
const INODES_FULL_RATIO = 0.9;
const FILLS_WITHIN_HOURS = 48;
const CLOCK_OFF_SECONDS = 1;
/** Docker renews it when half of its 90 days are over. */
const CERTIFICATE_ENDS_SECONDS = 7 * 86_400;

const STATUS = './bin/metals status --watch';
const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

export function nodeFindings(evidence: Evidence): Finding[] {
  const { nodes, offline, silent, slotsWithoutVolume, swarm, running } = evidence;
  return [
    ...slotsWithoutVolume.map((slot) =>
      finding(
        'volume-lost',
        `${slot} has no data volume any more`,
        ['EC2 lists none for the slot'],
        './bin/metals deploy',
      ),
    ),
    ...offline.map(({ instanceId, slot, lastPing }) => offlineAgent(instanceId, slot, lastPing, swarm)),
    ...silent.map(({ slot, why }) =>
      finding('node-silent', `${slot} did not answer`, [why], onNode(slot, 'uptime; sudo dmesg | tail')),
    ),
    ...nodes.flatMap((node) => ofNode(node)),
    ...(swarm === undefined ? [] : ofSwarm(swarm, running)),
  ];
}

/** Where the Swarm still hears the node its tasks go on, so that it is looked at before it is ended. */
function offlineAgent(instanceId: string, slot: string, lastPing: string, swarm: SwarmEvidence | undefined): Finding {
  const isHeard = swarm?.nodes.some((node) => node.slot === slot && node.state === 'ready') === true;
  return finding(
    'agent-offline',
    `the agent of ${slot} does not answer`,
    [
      `instance ${instanceId} runs; last heard of: ${lastPing}`,
      ...(isHeard ? ['the Swarm hears the node, and its tasks go on'] : []),
    ],
    isHeard
      ? `aws ec2 get-console-output --instance-id ${instanceId} --latest --output text    # what the node says; no other tool reaches it`
      : `aws ec2 terminate-instances --instance-ids ${instanceId}    # its group replaces it, and its volume stays`,
  );
}

const nameOf = ({ slot }: NodeEvidence): string => slot ?? 'a node without a slot';

function ofNode(node: NodeEvidence): Finding[] {
  const name = nameOf(node);
  if (node.boot === 'failed')
    return [
      finding(
        'boot-failed',
        `the boot of ${name} failed`,
        ['metals-boot.service: failed'],
        onNode(node.slot, 'sudo journalctl -u metals-boot -n 50'),
      ),
    ];
  // A node that boots is not ill: its Docker is started at the end.
  if (node.boot !== 'active') return [];
  const found: Finding[] = [];
  if (!node.answers)
    found.push(
      finding(
        'docker-down',
        `Docker on ${name} does not answer`,
        [`docker.service: ${node.docker}`],
        onNode(node.slot, 'sudo journalctl -u docker -n 50; sudo systemctl restart docker'),
      ),
    );
  else if (node.swarm !== null && node.swarm !== 'active')
    found.push(
      finding(
        'node-left',
        `${name} is no member of the Swarm`,
        [`its state there: ${node.swarm}${node.swarm_error === null ? '' : `: ${node.swarm_error}`}`],
        './bin/metals status --watch    # the association Rejoin lets it join again within half an hour',
      ),
    );
  for (const disk of node.disks) found.push(...ofDisk(name, disk));
  const { clock, certificate_ends_in_seconds: endsIn } = node;
  if (clock !== null && (Math.abs(clock.offset_seconds) > CLOCK_OFF_SECONDS || !clock.synchronised))
    found.push(
      finding(
        'clock-off',
        `the clock of ${name} is off`,
        [`chronyc: ${clock.offset_seconds.toFixed(3)} s, ${clock.synchronised ? 'synchronised' : 'not synchronised'}`],
        onNode(node.slot, 'sudo systemctl restart chronyd; chronyc tracking'),
      ),
    );
  if (endsIn !== null && endsIn < CERTIFICATE_ENDS_SECONDS)
    found.push(
      finding(
        'certificate-expires',
        `the certificate of ${name} ${endsIn > 0 ? `ends in ${Math.floor(endsIn / 3600)} h` : 'has ended'}`,
        [`${Math.round(endsIn)} s are left`],
        onNode(node.slot, 'sudo systemctl restart docker, which renews it'),
      ),
    );
  return found;
}

function ofDisk(node: string, disk: NodeEvidence['disks'][number]): Finding[] {
  const { mount, used_bytes: used, free_bytes: free, inodes, inodes_used: inodesUsed } = disk;
  const next =
    mount === '/'
      ? onNode(node, 'sudo du -xh --max-depth=2 / | sort -h | tail')
      : 'enlarge dataVolumeGiB, then: ./bin/metals deploy';
  const share = used + free > 0 ? used / (used + free) : 0;
  const state = `${mount}: ${Math.floor(share * 100)} % used, ${gib(free)} free`;
  if (share >= DISK_FULL_RATIO)
    return [finding('disk-full', `${mount} of ${node} is ${Math.floor(share * 100)} % full`, [state], next)];
  if (inodes > 0 && inodesUsed / inodes >= INODES_FULL_RATIO)
    return [
      finding('inodes-full', `${mount} of ${node} has few inodes left`, [`${inodesUsed} of ${inodes} are used`], next),
    ];
  const { grown_bytes: grown, over_seconds: over } = disk;
  if (grown === null || over === null || grown <= 0) return [];
  const hoursLeft = free / (grown / over) / 3600;
  return hoursLeft > FILLS_WITHIN_HOURS
    ? []
    : [
        finding(
          'disk-fills',
          `${mount} of ${node} is full in ${Math.round(hoursLeft)} h`,
          [state, `grown by ${gib(grown)} in ${formatSeconds(over)}`],
          next,
        ),
      ];
}

function downNode(
  slot: string,
  state: string,
  message: string | null,
  running: readonly string[] | undefined,
): Finding {
  const hasNone = running !== undefined && !running.includes(slot);
  return finding(
    'node-down',
    `node ${slot} is ${state}`,
    [message || 'the Swarm gives no reason', ...(hasNone ? ['no instance of the slot runs'] : [])],
    hasNone
      ? 'aws autoscaling describe-scaling-activities --max-items 5    # why its group starts none'
      : `${STATUS}    # its group replaces an instance that is gone`,
  );
}

function ofSwarm({ nodes }: SwarmEvidence, running: readonly string[] | undefined): Finding[] {
  const found: Finding[] = [];
  for (const { id, slot, state, availability, message, manager } of nodes) {
    if (state !== 'ready') found.push(downNode(slot, state, message, running));
    else if (manager === 'unreachable')
      found.push(
        finding(
          'manager-unreachable',
          `manager ${slot} does not answer the other managers`,
          ['Swarm: unreachable'],
          STATUS,
        ),
      );
    if (state === 'ready' && availability !== 'active')
      found.push(
        finding(
          'node-drained',
          `node ${slot} takes no tasks`,
          [`its availability: ${availability}`],
          `./bin/metals shell manager-1    # then: sudo docker node update --availability active ${id}`,
        ),
      );
  }
  const managers = nodes.filter(({ role }) => role === 'manager');
  const reachable = managers.filter(({ manager, state }) => manager !== 'unreachable' && state === 'ready').length;
  const majority = Math.floor(managers.length / 2) + 1;
  // One manager alone is what was asked for.
  if (managers.length > 1 && reachable === majority)
    found.push(
      finding(
        'quorum-at-risk',
        'no further manager may fail',
        [`${reachable} of ${managers.length} managers answer, and ${majority} are the least`],
        STATUS,
      ),
    );
  return found;
}
