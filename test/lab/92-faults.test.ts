/** The tables of faults in docs/operations.md: each fault under load, until all is well again by itself. */
import { brokerService, brokerSlots, otherBrokerSlots, slotNames } from '../../lib/slots';
import { underFault } from './support/fault-run';
import { cut, fillDisk, killTask, pauseNode, terminate } from './support/faults';
import { inFullRun, mustDeploy } from './support/sequences';

jest.setTimeout(1_200_000);

const SECONDS = 60;
/** Clients reach every node, as they do behind any load balancer. */
const FRONT = { loadBalancer: 'internal' };

const TOPOLOGIES = [
  { name: '1 manager, 2 workers, 1 broker', managers: 1, kafkaBrokers: 1 },
  { name: '3 managers, 2 workers, 1 broker', managers: 3, kafkaBrokers: 1 },
  { name: '1 manager, 2 workers, 3 brokers', managers: 1, kafkaBrokers: 3 },
] as const;
type Topology = (typeof TOPOLOGIES)[number];

const PLACES = { workers: 2, kafkaSlot: 'worker-1', mongodbSlot: 'worker-2' };

/** Pure: each slot, and how a row of the table calls it: by what it holds. */
function slotsOf(topology: Topology): ReadonlyMap<string, string> {
  const config = { ...PLACES, ...topology };
  const brokers = brokerSlots({ ...config, kafkaOtherSlots: otherBrokerSlots(config) });
  const broker = (slot: string): string[] => {
    const index = brokers.indexOf(slot);
    if (index < 0) return [];
    return [brokers.length === 1 ? 'Kafka' : `broker ${index + 1}`];
  };
  return new Map(
    slotNames(config).map((slot) => {
      const held = [...broker(slot), ...(slot === config.mongodbSlot ? ['MongoDB'] : [])];
      return [slot, held.length > 0 ? `${slot} (${held.join(', ')})` : slot];
    }),
  );
}

const pairsOf = <T>(values: readonly T[]): (readonly [T, T])[] =>
  values.flatMap((one, index) => values.slice(index + 1).map((other) => [one, other] as const));

function faultsOf(topology: Topology): (readonly [string, () => Promise<void>])[] {
  const named = slotsOf(topology);
  const slots = [...named.keys()];
  const brokers = Array.from({ length: topology.kafkaBrokers }, (_, index) => brokerService(index + 1));
  return [
    ...['edge', 'producer', 'processor', ...brokers, 'mongodb'].map(
      (service) => [`a task of ${service} is killed (SIGKILL)`, () => killTask(service)] as const,
    ),
    ...slots.map(
      (slot) => [`${named.get(slot)} stands still for ${SECONDS} s`, () => pauseNode(slot, SECONDS)] as const,
    ),
    ...pairsOf(slots).map(
      ([one, other]) =>
        [
          `no network between ${named.get(one)} and ${named.get(other)} for ${SECONDS} s`,
          () => cut(one, other, SECONDS),
        ] as const,
    ),
    ...slots.map(
      (slot) =>
        [`the data volume of ${named.get(slot)} is full for ${SECONDS} s`, () => fillDisk(slot, SECONDS)] as const,
    ),
    ...slots.map((slot) => [`the instance of ${named.get(slot)} is terminated`, () => terminate(slot)] as const),
  ];
}

describe.each(TOPOLOGIES)('$name', (topology) => {
  inFullRun('under faults', () => {
    const { name: place, managers, kafkaBrokers } = topology;
    beforeAll(() => mustDeploy({ ...FRONT, managers, kafkaBrokers }));
    afterAll(() => mustDeploy());

    test.each(faultsOf(topology))('%s', async (name, fault) => {
      const row = await underFault(place, name, fault);
      console.log(JSON.stringify(row, undefined, 2));
      expect([row.lost, row.doubled, row.byItself]).toEqual([0, 0, true]);
    });
  });
});
