/** Each cause out of what was seen. Where the lab's test makes the fault, its evidence is recorded: recorded/faults.json. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { diagnose } from '../../../../lib/cli/doctor/diagnose';
import { swarmEvidence } from '../../../../lib/cli/doctor/evidence';
import { FINDINGS } from '../../../../lib/cli/doctor/finding-codes';
import { meets } from '../../../../lib/cli/doctor/placement';
import { STATES, reasonOf } from '../../../../services/common/health-states';
import { healthy } from './support';

type Seen = ReturnType<typeof healthy>;

const seen = new Set<string>();
/** The finding of this code, once a healthy deployment is changed like this. */
function found(code: string, change: (evidence: Seen) => void) {
  const evidence = healthy();
  change(evidence);
  const all = diagnose(evidence as never);
  const one = all.find((finding) => finding.code === code);
  if (one === undefined) throw new Error(`no ${code} among ${JSON.stringify(all)}`);
  seen.add(code);
  return { ...one, text: [one.what, ...one.evidence].join('\n'), all: all.map((finding) => finding.code) };
}

/** A task of the producer that does not run. */
const away = (state: string, error: string, more: Record<string, unknown> = {}) => ({
  ...{ service: 'producer', task: 't1', state, since: '2026-11-29T15:20:00', node: 'worker-1', error },
  ...{ exit_code: null, container: null, ...more },
});
const setAway =
  (...tasks: ReturnType<typeof away>[]) =>
  (evidence: Seen) => {
    evidence.swarm.away = tasks;
  };
const container = (more: Record<string, unknown>) => ({
  ...{
    id: 'c1',
    service: 'producer',
    task: 't1',
    running: false,
    exit_code: 1,
    out_of_memory: false,
    ended: healthy().nodes[0]!.at.slice(0, 19),
  },
  ...{ memory_limit_bytes: 268435456, health: null, failing_streak: 0, health_output: null, last_lines: [], ...more },
});

test('a healthy deployment has no finding', () => {
  expect(diagnose(healthy() as never)).toEqual([]);
});

describe('nodes', () => {
  test('no manager speaks', () => {
    const { all, next } = found('swarm-silent', (evidence) => {
      Object.assign(evidence, { status: undefined, swarm: undefined });
      evidence.swarmSilent = { what: 'the Swarm', why: 'no manager is online', next: ['./bin/metals recover'] };
    });
    expect(all).toEqual(['swarm-silent']);
    expect(next).toBe('./bin/metals recover');
  });

  test('a volume that is lost comes before the node that is down for it', () => {
    const { all } = found('volume-lost', (evidence) => {
      evidence.slotsWithoutVolume = ['worker-1'];
      evidence.swarm.nodes[1]!.state = 'down';
    });
    expect(all).toEqual(['volume-lost', 'node-down']);
  });

  test('an agent that is offline, a node that is silent', () => {
    expect(
      found('agent-offline', (evidence) => {
        evidence.offline = [{ instanceId: 'i-9', slot: 'worker-2', lastPing: '2026-11-29T15:00:00Z' }];
      }).next,
    ).toContain('aws ec2 get-console-output --instance-id i-9');
    expect(
      found('agent-offline', (evidence) => {
        evidence.offline = [{ instanceId: 'i-9', slot: 'worker-2', lastPing: 'never' }];
        evidence.swarm.nodes.find(({ slot }) => slot === 'worker-2')!.state = 'down';
      }).next,
    ).toBe('aws ec2 terminate-instances --instance-ids i-9    # its group replaces it, and its volume stays');
    found('node-silent', (evidence) => {
      evidence.silent = [{ slot: 'worker-2', why: 'InProgress for 18 s' }];
    });
  });

  test('a boot that failed is all there is to say of a node; one that goes on is nothing', () => {
    const { all } = found('boot-failed', ({ nodes }) => {
      Object.assign(nodes[0]!, { boot: 'failed', answers: false });
    });
    expect(all).toEqual(['boot-failed']);
    const evidence = healthy();
    Object.assign(evidence.nodes[0]!, { boot: 'activating', answers: false });
    expect(diagnose(evidence as never)).toEqual([]);
  });

  test('Docker that does not answer; a node that has left', () => {
    found('docker-down', ({ nodes }) => {
      Object.assign(nodes[0]!, { answers: false, docker: 'failed', swarm: null });
    });
    expect(
      found('node-left', ({ nodes }) => {
        Object.assign(nodes[0]!, { swarm: 'inactive', swarm_error: 'certificate has expired' });
      }).text,
    ).toContain('inactive: certificate has expired');
  });

  test('disks: full, without inodes, full in some hours', () => {
    expect(
      found('disk-full', ({ nodes }) => {
        Object.assign(nodes[1]!.disks[1]!, { used_bytes: 95, free_bytes: 5 });
      }).text,
    ).toContain('/var/lib/docker of worker-1 is 95 % full');
    found('inodes-full', ({ nodes }) => {
      Object.assign(nodes[1]!.disks[0]!, { inodes: 100, inodes_used: 95 });
    });
    expect(
      found('disk-fills', ({ nodes }) => {
        const size = { used_bytes: 10 * 2 ** 30, free_bytes: 10 * 2 ** 30 };
        Object.assign(nodes[1]!.disks[1]!, { ...size, grown_bytes: 2 ** 30, over_seconds: 3600 });
      }).what,
    ).toBe('/var/lib/docker of worker-1 is full in 10 h');
    const evidence = healthy();
    Object.assign(evidence.nodes[1]!.disks[1]!, { grown_bytes: 1000, over_seconds: 3600 });
    expect(diagnose(evidence as never)).toEqual([]);
  });

  test('clocks and certificates', () => {
    const off = (offset_seconds: number, synchronised: boolean) =>
      found('clock-off', ({ nodes }) => {
        nodes[2]!.clock = { offset_seconds, synchronised };
      }).text;
    expect(off(-2.5, true)).toContain('-2.500 s, synchronised');
    expect(off(0, false)).toContain('not synchronised');
    expect(
      found('certificate-expires', ({ nodes }) => {
        nodes[2]!.certificate_ends_in_seconds = 7_200;
      }).what,
    ).toBe('the certificate of worker-2 ends in 2 h');
  });

  test('as the Swarm sees them', () => {
    found('node-down', ({ swarm }) => {
      Object.assign(swarm.nodes[1]!, { state: 'down', message: 'heartbeat failure' });
    });
    expect(
      found('node-down', (evidence) => {
        evidence.swarm.nodes[1]!.state = 'down';
        evidence.running = [];
      }),
    ).toMatchObject({
      evidence: expect.arrayContaining(['no instance of the slot runs']),
      next: expect.stringContaining('aws autoscaling describe-scaling-activities'),
    });
    found('node-drained', ({ swarm }) => {
      swarm.nodes[1]!.availability = 'drain';
    });
    const { all, text } = found('quorum-at-risk', ({ swarm }) => {
      for (const node of swarm.nodes) Object.assign(node, { role: 'manager', manager: 'reachable' });
      swarm.nodes[1]!.manager = 'unreachable';
    });
    expect(all).toEqual(['manager-unreachable', 'quorum-at-risk']);
    expect(text).toContain('2 of 3 managers answer, and 2 are the least');
    seen.add('manager-unreachable');
  });
});

describe('networks', () => {
  const overlapping = ({ swarm }: Seen): void => {
    const network = swarm.networks.find(({ name }) => name === 'metals-frontend')!;
    network.allocated = false;
    swarm.networks.push({ ...network, name: 'foreign', allocated: true });
    swarm.away = [away('new', '')];
  };

  test('an overlap names the other network, and is not told as a task', () => {
    const { what, all, isNot } = found('network-overlap', overlapping);
    expect(what).toMatch(/metals-frontend could not be allocated: 10\.10\.\d\.0\/24 overlaps foreign \(10\.10/);
    expect(all).toEqual(['network-overlap']);
    expect(isNot).toContain('not a lack of memory or CPU');
  });

  test('an overlap with a network of the stack, or the ingress, is mended by another range alone', () => {
    const { next } = found('network-overlap', ({ swarm }) => {
      const network = swarm.networks.find(({ name }) => name === 'metals-frontend')!;
      const ingress = swarm.networks.find((one) => one.ingress)!;
      Object.assign(network, { allocated: false, subnet: ingress.subnet });
    });
    expect(next).toContain('frontendCidr');
    expect(next).not.toContain('network rm');
  });

  test('addresses that are used up, by how many', () => {
    const { text } = found('network-full', ({ swarm }) => {
      const network = swarm.networks.find(({ name }) => name === 'metals-frontend')!;
      Object.assign(network, { subnet: '10.10.0.0/29', addresses: { tasks: 2, waiting: 2, services: 1, nodes: 2 } });
      swarm.away = [away('new', '')];
    });
    expect(text).toContain('has 6 addresses; needed: 8 (1 gateway, 1 service, 2 nodes, 4 tasks), 2 too many');
  });

  test('no ingress; an allocator that stopped', () => {
    found('ingress-missing', ({ swarm, nodes }) => {
      swarm.networks = swarm.networks.filter(({ ingress }) => !ingress);
      swarm.away = [away('new', '')];
      nodes[0]!.daemon_errors = ['ingress network is missing'];
    });
    expect(
      found('allocator-stopped', ({ swarm, nodes }) => {
        swarm.away = [away('new', '')];
        nodes[0]!.daemon_errors = ['allocator exited with an error'];
      }).text,
    ).toContain('allocator exited with an error');
  });

  test('an overlay that carries nothing, unless a node is down', () => {
    const broken = ({ nodes, swarm }: Seen): void => {
      const [peer] = nodes[1]!.peers!;
      peer!.error = 'no answer within 2 s';
      expect(swarm.edges.map(({ address }) => address)).toContain(peer!.address);
    };
    expect(
      found('overlay-broken', ({ nodes }) => {
        nodes[1]!.peers!.pop();
      }).text,
    ).toMatch(/worker-1 -> \S+ \(10\.10\.2\.\d+\): not known by name/);
    expect(found('overlay-broken', broken).evidence).toEqual([
      expect.stringMatching(/^worker-1 -> \S+ \(10\.10\.2\.\d+\): no answer within 2 s$/),
    ]);
    const evidence = healthy();
    broken(evidence);
    for (const node of evidence.swarm.nodes) if (node.slot !== 'worker-1') node.state = 'down';
    expect(diagnose(evidence as never).map(({ code }) => code)).toEqual(['node-down', 'node-down']);
  });
});

describe('tasks', () => {
  test.each([
    ['port-taken', away('pending', 'no suitable node (host-mode port already in use on 1 node)')],
    ['image-missing', away('rejected', 'No such image: example/none:1')],
    ['secret-missing', away('rejected', 'secret "abc" not found')],
    [
      'mount-missing',
      away('rejected', 'invalid mount config for type "bind": bind source path does not exist: /nowhere'),
    ],
    ['task-away', away('rejected', 'something else')],
    ['task-away', away('starting', 'starting', { since: '2026-11-29T15:10:00' })],
    ['task-fails', away('failed', 'task: non-zero exit (3)', { exit_code: 3 })],
    ['unhealthy', away('failed', 'task: non-zero exit (143): dockerexec: unhealthy container', { exit_code: 143 })],
  ])('%s', (code, task) => {
    const { text, all } = found(code, setAway(task));
    expect(text).toContain(task.error);
    expect(all).toEqual([code]);
  });

  test('one that was made a moment ago is none, whatever its state', () => {
    for (const state of ['pending', 'assigned', 'preparing', 'starting']) {
      const evidence = healthy();
      evidence.swarm.away = [away(state, 'pending task scheduling', { since: evidence.swarm.at.slice(0, 19) })];
      expect(diagnose(evidence as never)).toEqual([]);
    }
  });

  test('no room: how much each node lacks', () => {
    const { text } = found('no-room', ({ swarm }) => {
      swarm.away = [
        away(
          'pending',
          'no suitable node (insufficient resources on 2 nodes; scheduling constraints not satisfied on 1 node)',
        ),
      ];
      const service = swarm.services.find(({ name }) => name === 'producer')!;
      const worker = swarm.nodes.find(({ slot }) => slot === 'worker-1')!;
      service.memory_bytes = worker.memory_bytes;
    });
    expect(text).toMatch(/worker-1 lacks \d+ MiB\n|worker-1 lacks \d+ MiB$/);
    expect(text).not.toContain('manager-1');
  });

  test('no node fits: which constraint, and who meets it', () => {
    const { text, next } = found('no-node-fits', ({ swarm }) => {
      swarm.away = [
        away('pending', 'no suitable node (scheduling constraints not satisfied on 3 nodes)', { service: 'kafka' }),
      ];
      for (const node of swarm.nodes) delete node.labels['metals.kafka'];
    });
    expect(text).toContain('node.labels.metals.kafka == true: met by no node');
    expect(next).toContain('Relabel');
    const drained = found('no-node-fits', ({ swarm }) => {
      swarm.away = [away('pending', 'no suitable node', { service: 'kafka' })];
      swarm.nodes.find(({ labels }) => labels['metals.kafka'] === 'true')!.availability = 'drain';
    });
    expect(drained.text).toContain('met by worker-1 (ready, drain)');
    expect(drained.all).toEqual(['node-drained', 'no-node-fits']);
  });

  test.each([
    ['node.role == worker', true],
    ['node.role != worker', false],
    ['node.labels.a==TRUE', true],
    ['node.labels.b == x', false],
    ['node.platform.os == linux', true],
  ])('%s is met: %s', (constraint, is) => {
    expect(meets({ role: 'worker', labels: { a: 'true' } }, constraint)).toBe(is);
  });

  test('killed for its memory, with the limit, whether it is away or back again', () => {
    const killed = container({ exit_code: 137, out_of_memory: true });
    expect(
      found('out-of-memory', (evidence) => {
        evidence.swarm.away = [away('failed', 'task: non-zero exit (137)', { container: 'c1' })];
        evidence.nodes[1]!.containers = [killed];
      }),
    ).toMatchObject({ what: 'producer needed more than its limit of 256 MiB', all: ['out-of-memory'] });
    found('out-of-memory', ({ nodes }) => {
      nodes[1]!.containers = [killed];
    });
    const before = healthy();
    before.nodes[1]!.containers = [{ ...killed, ended: '2026-11-01T10:00:00' }];
    expect(diagnose(before as never)).toEqual([]);
  });

  test('edges wait without the first words, as tasks of global services do', () => {
    for (const [code, error] of [
      ['port-taken', 'host-mode port already in use on 1 node'],
      ['no-room', 'insufficient resources on 1 node'],
      ['no-node-fits', 'scheduling constraints not satisfied on 1 node'],
    ] as const)
      expect(found(code, setAway(away('pending', error, { service: 'edge' }))).all).toEqual([code]);
  });

  test('a container that has ended is not ill, and that of another task explains nothing', () => {
    const evidence = healthy();
    evidence.swarm.away = [away('ready', 'ready', { since: evidence.swarm.at.slice(0, 19) })];
    evidence.nodes[1]!.containers = [container({ exit_code: 137, health: 'unhealthy' })];
    expect(diagnose(evidence as never)).toEqual([]);
    const { text } = found('image-missing', (one) => {
      one.swarm.away = [away('rejected', 'No such image: a')];
      one.nodes[1]!.containers = [container({ exit_code: 137, last_lines: ['of another task'] })];
    });
    expect(text).not.toContain('of another task');
  });

  test('what fails while it is started', () => {
    const error = 'starting container failed: driver failed programming external connectivity: address already in use';
    expect(found('port-taken', setAway(away('failed', error))).all).toEqual(['port-taken']);
  });

  test('a task that failed once has not ended again and again', () => {
    const { what } = found('task-fails', setAway(away('failed', 'task: non-zero exit (3)', { exit_code: 3 })));
    expect(what).toBe('producer has failed, with exit code 3');
  });

  test('a check that fails, in its own words', () => {
    const { text } = found('unhealthy', (evidence) => {
      evidence.swarm.away = [away('starting', '')];
      evidence.nodes[1]!.containers = [
        container({
          running: true,
          exit_code: 0,
          health: 'starting',
          failing_streak: 4,
          health_output: 'port 8000 is closed\n',
        }),
      ];
    });
    expect(text).toContain('4 checks in a row have failed\nthe check says: port 8000 is closed');
  });
});

describe('the pipeline', () => {
  test.each(Object.keys(STATES) as (keyof typeof STATES)[])('state %s', (state) => {
    const service = STATES[state].services[0];
    const { what, next } = found(state, ({ status }) => {
      const health = status.health.find((one) => one.service === service)!;
      Object.assign(health, { status: 'degraded', reasons: [reasonOf({ state, detail: 'measured' }).slice(0, 300)] });
    });
    expect(what).toBe(`${service} is degraded: measured`);
    expect(next).toBe(STATES[state].next);
  });

  test('what has no state of its own', () => {
    const { what, next } = found('unhealthy', ({ status }) => {
      Object.assign(status.health[0]!, { status: 'stopping', reasons: ['draining'] });
    });
    expect(what).toMatch(/ is stopping: draining$/);
    expect(next).toMatch(/^\.\/bin\/metals logs (producer|processor)$/);
  });

  test('a service that is silent, scaled to nothing, undone, stuck in a move; a lease; an association', () => {
    found('service-silent', ({ status }) => {
      Object.assign(status.health[0]!, { status: 'none', reasons: ['GET http://127.0.0.1:8000/health: 503'] });
    });
    found('scaled-to-zero', ({ status }) => {
      status.services.find(({ name }) => name === 'producer')!.desired = 0;
    });
    found('update-undone', ({ status }) => {
      status.services.find(({ name }) => name === 'producer')!.update_state = 'rollback_completed';
    });
    found('move-unfinished', ({ status }) => {
      status.moves = [{ kafka: 'msk', mongodb: 'self' }];
    });
    const lease = { document: 'stack-deploy', slot: 'manager-1', command: 'c-1', since: 'then' };
    found('deployment-cut-off', ({ swarm }) => {
      swarm.lease = { ...lease, expires_in_seconds: -5 };
    });
    const drift = { service: 'producer', what: 'image', is: 'a@sha256:1', deployed: 'a@sha256:2' };
    expect(
      found('drifted', ({ swarm }) => {
        swarm.drift = [drift, { service: 'edge', what: 'service', is: null, deployed: null }];
      }),
    ).toMatchObject({ what: 'producer has another image than was deployed', all: ['drifted', 'drifted'] });
    const running = healthy();
    running.swarm.lease = { ...lease, expires_in_seconds: 250 };
    expect(diagnose(running as never)).toEqual([]);
    expect(
      found('association-failed', (evidence) => {
        evidence.failedAssociations = ['association a failed on 1 of 3 nodes at its last run; why: aws ssm describe-x'];
      }).next,
    ).toBe('aws ssm describe-x');
    const unseen = healthy();
    unseen.missing = [{ what: 'the instances', why: 'refused', next: [] }];
    expect(diagnose(unseen as never)).toEqual([]);
    expect(
      found('not-as-it-should-be', ({ status }) => {
        status.services.find(({ name }) => name === 'kafka')!.running = 0;
      }).what,
    ).toContain('service kafka: 0 of 1 running');
    const updated = healthy();
    Object.assign(
      updated.status.services.find(({ name }) => name === 'producer')!,
      {
        ...{ update_state: 'updating', running: 0, healthy: 0 },
      },
    );
    expect(diagnose(updated as never)).toEqual([]);
  });
});

test('causes that a lab had, as its documents told them', () => {
  const faults = JSON.parse(readFileSync(join(__dirname, 'recorded/faults.json'), 'utf8')) as Record<string, unknown>;
  expect(Object.keys(faults).length).toBeGreaterThan(0);
  for (const [code, swarm] of Object.entries(faults)) {
    const evidence = { ...healthy(), swarm: swarmEvidence.parse(swarm) };
    expect({ code, found: diagnose(evidence as never).map((one) => one.code) }).toEqual({ code, found: [code] });
  }
});

test('every code has been found once', () => {
  expect(Object.keys(FINDINGS).filter((code) => !seen.has(code))).toEqual([]);
});
