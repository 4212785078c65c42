/** The table of faults in docs/operations.md: each fault under load, until all is well again by itself. */
import { underFault } from './support/fault-run';
import { cut, fillDisk, killTask, pauseNode, terminate } from './support/faults';
import { inFullRun, mustDeploy } from './support/sequences';

jest.setTimeout(1_200_000);

const SECONDS = 60;
/** Clients reach every node, as they do behind any load balancer. */
const FRONT = { loadBalancer: 'internal' };
const HOLDS = { 'manager-1': '', 'worker-1': ' (Kafka)', 'worker-2': ' (MongoDB)' } as const;
type Slot = keyof typeof HOLDS;
const SLOTS = Object.keys(HOLDS) as Slot[];
const named = (slot: Slot): string => `${slot}${HOLDS[slot]}`;

const FAULTS: readonly (readonly [string, () => Promise<void>])[] = [
  ...['edge', 'producer', 'processor', 'kafka', 'mongodb'].map(
    (service) => [`a task of ${service} is killed (SIGKILL)`, () => killTask(service)] as const,
  ),
  ...SLOTS.map((slot) => [`${named(slot)} stands still for ${SECONDS} s`, () => pauseNode(slot, SECONDS)] as const),
  ...(
    [
      ['manager-1', 'worker-1'],
      ['manager-1', 'worker-2'],
      ['worker-1', 'worker-2'],
    ] as const
  ).map(
    ([one, other]) =>
      [
        `no network between ${named(one)} and ${named(other)} for ${SECONDS} s`,
        () => cut(one, other, SECONDS),
      ] as const,
  ),
  ...SLOTS.map(
    (slot) => [`the data volume of ${named(slot)} is full for ${SECONDS} s`, () => fillDisk(slot, SECONDS)] as const,
  ),
  ...SLOTS.map((slot) => [`the instance of ${named(slot)} is terminated`, () => terminate(slot)] as const),
];

inFullRun('1 manager, 2 workers, 1 broker', () => {
  beforeAll(() => mustDeploy(FRONT));
  afterAll(() => mustDeploy());

  test.each(FAULTS)('%s', async (name, fault) => {
    const row = await underFault('1 manager, 2 workers, 1 broker', name, fault);
    console.log(JSON.stringify(row, undefined, 2));
    expect([row.lost, row.doubled, row.byItself]).toEqual([0, 0, true]);
  });
});
