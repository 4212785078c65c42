/**
 * What `metals doctor` may find, the likely root first: what stands further down is often a consequence of what stands above
 * it. docs/errors.md is generated from this file, too. States of the producer and of the processor have codes of their own:
 * services/common/health-states.ts.
 */
interface FindingKind {
  readonly means: string;
  /** What one may take it for, and why it is not that. */
  readonly isNot: string;
}

const kinds = <K extends string>(all: Record<K, FindingKind>): Readonly<Record<K, FindingKind>> => all;

export const FINDINGS = kinds({
  'swarm-silent': {
    means: 'No manager can speak for the Swarm: too few of them answer each other, or none is online.',
    isNot: 'not the end of the pipeline: tasks that run go on, but none is replaced',
  },
  'volume-lost': {
    means: 'A slot has no data volume any more, so its instance cannot boot.',
    isNot: 'not a slow boot: waiting does not help',
  },
  'agent-offline': {
    means: 'The agent of an instance that has run for some time does not answer Systems Manager.',
    isNot: 'not proof that its tasks have ended: see whether the Swarm calls the node down',
  },
  'boot-failed': {
    means: 'The boot of a node failed as often as it may; its group replaces the instance.',
    isNot: 'not a fault of the Swarm: Docker is not started before the boot has ended',
  },
  'docker-down': {
    means: "A node's Docker does not answer.",
    isNot: 'not a fault of one service: all tasks of the node are affected',
  },
  'node-silent': {
    means: 'A node whose agent is online did not answer in time.',
    isNot: 'not a network fault: its agent answers Systems Manager; it is too busy, or its disk stands still',
  },
  'node-left': {
    means: 'A node runs and is no member of the Swarm.',
    isNot: 'not a network fault: it has lost its membership',
  },
  'disk-full': {
    means: 'A file system is used to 90 % or more.',
    isNot: 'not a fault of the services that stop for it',
  },
  'inodes-full': {
    means: 'A file system has hardly any inodes left: too many small files.',
    isNot: 'not a lack of bytes: df shows free space',
  },
  'clock-off': {
    means: 'A clock is off by more than a second, or its time service does not keep it.',
    isNot: 'not a wrong password: certificates, tokens and sessions fail when clocks differ',
  },
  'certificate-expires': {
    means: 'The certificate by which a node speaks to the Swarm ends soon; it should have been renewed.',
    isNot: 'not a lost node: it is refused once the certificate has ended',
  },
  'node-down': {
    means: 'The Swarm does not hear a node.',
    isNot: 'not a fault of the services that ran there: they run elsewhere as soon as they may',
  },
  'manager-unreachable': {
    means: 'A manager does not answer the other managers.',
    isNot: 'not a loss yet: a majority still decides',
  },
  'quorum-at-risk': {
    means: 'No further manager may fail, or the Swarm takes no change any more.',
    isNot: 'not an outage: the Swarm still decides',
  },
  'node-drained': {
    means: 'A node takes no tasks, because somebody has drained or paused it.',
    isNot: 'not a fault of the node',
  },
  'network-overlap': {
    means: 'A network could not be allocated, as its range overlaps another one; its tasks stay in state New.',
    isNot: 'not a lack of memory or CPU: such tasks would be Pending, with the reason',
  },
  'network-full': {
    means: 'A network has no address left; tasks stay in state New.',
    isNot: 'not a lack of memory or CPU: such tasks would be Pending, with the reason',
  },
  'ingress-missing': {
    means: 'The network `ingress` is missing, which services with published ports need.',
    isNot: 'not a lack of memory or CPU: such tasks would be Pending, with the reason',
  },
  'allocator-stopped': {
    means: 'Tasks stay in state New, and no network explains it: the allocator of the leader has stopped.',
    isNot: 'not a lack of memory or CPU: such tasks would be Pending, with the reason',
  },
  'overlay-broken': {
    means: 'Packets of an overlay network do not reach another node, although the nodes hear each other.',
    isNot: 'not a lost node: names and states of tasks travel another way, and arrive',
  },
  'no-node-fits': {
    means: 'A task waits, as no node meets the constraints of its service.',
    isNot: 'not a lack of memory or CPU',
  },
  'no-room': {
    means: 'A task waits, as no node that may run it has enough memory or CPU that is not reserved.',
    isNot: 'not what runs now: reservations count, used or not',
  },
  'port-taken': {
    means: 'A task waits, as the port that it publishes on the node is taken there.',
    isNot: 'not a lack of memory or CPU',
  },
  'image-missing': {
    means:
      'The image of a service is not on the node: node-prepare, which pulls it, could not, or somebody has removed it.',
    isNot: 'not a fault of the registry for sure: tasks start with what is on the node, and ask nobody else',
  },
  'secret-missing': {
    means: 'A secret or config that a service names is not there.',
    isNot: 'not a wrong value: nothing was read',
  },
  'mount-missing': {
    means: 'A folder or volume that a service mounts is not there.',
    isNot: 'not a fault of the image',
  },
  'out-of-memory': {
    means: 'The kernel killed a task for want of memory: its limit, or, where it has none, that of the node.',
    isNot: 'not a crash of the program itself',
  },
  unhealthy: {
    means: 'The health check of a task fails.',
    isNot: 'not a crash: the program runs, and what it says of itself is the evidence',
  },
  'task-fails': {
    means: 'A task was started and has failed.',
    isNot: 'not a matter of placing: it was started',
  },
  'task-away': {
    means: 'A task does not run, for a reason that has no code of its own.',
    isNot: 'not one of the causes above: none of them was seen',
  },
  'update-undone': {
    means: 'The last update of a service was rolled back, or is paused.',
    isNot: 'not an outage by itself: the version before it serves, unless the update is paused',
  },
  drifted: {
    means: 'A service is another one than was deployed: somebody has changed or removed it by hand.',
    isNot: 'not what metals scale or metals maintenance have set, which deployments keep',
  },
  'scaled-to-zero': {
    means: 'A service has no replica, because somebody has asked for none.',
    isNot: 'not a failure: nothing has ended by itself',
  },
  'move-unfinished': {
    means: 'A move to other engines has not ended.',
    isNot: 'not a loss: events wait until it has',
  },
  'service-silent': {
    means: 'The producer or the processor does not answer GET /health on a manager.',
    isNot: 'not necessarily down: its tasks are counted apart',
  },
  'not-as-it-should-be': {
    means: '`metals status` finds something wrong that has no code of its own here.',
    isNot: 'not one of the causes above: none of them was seen',
  },
  'association-failed': {
    means: 'An association, which puts right every half hour what has changed on nodes, has failed.',
    isNot: 'not an outage: what it puts right was right before, mostly',
  },
  'deployment-cut-off': {
    means: 'A deployment has left its lease behind: it was killed, or its node was.',
    isNot: 'not a lock: the lease has ended, and the next deployment takes it over',
  },
  'disk-fills': {
    means: 'A file system will be full within two days, if it grows on as it did.',
    isNot: 'not full yet',
  },
});

export type FindingCode = keyof typeof FINDINGS;
