/** The tables of faults in docs/operations.md: each fault under load, until all is well again by itself. */
import { brokerService, brokerSlots, otherBrokerSlots, slotNames } from '../../lib/slots';
import { EVENTS_PER_SECOND, underFault } from './support/fault-run';
import { cut, fillDisk, killTask, loseForGood, pauseNode, terminate } from './support/faults';
import type { Settings } from './support/run';
import { inFullRun, mustDeploy } from './support/sequences';

jest.setTimeout(2_400_000);

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

const settingsOf = ({ managers, kafkaBrokers }: Topology): Settings => ({ ...FRONT, managers, kafkaBrokers });

interface Fault {
  readonly name: string;
  readonly cause: () => Promise<void>;
  /** What has to be done, as it does not end by itself. */
  readonly remedy?: string;
}

function faultsOf(topology: Topology): Fault[] {
  const named = slotsOf(topology);
  const slots = [...named.keys()];
  const brokers = Array.from({ length: topology.kafkaBrokers }, (_, index) => brokerService(index + 1));
  return [
    ...['edge', 'producer', 'processor', ...brokers, 'mongodb'].map((service) => ({
      name: `a task of ${service} is killed (SIGKILL)`,
      cause: () => killTask(service),
    })),
    ...slots.map((slot) => ({
      name: `${named.get(slot)} stands still for ${SECONDS} s`,
      cause: () => pauseNode(slot, SECONDS),
    })),
    ...pairsOf(slots).map(([one, other]) => ({
      name: `no network between ${named.get(one)} and ${named.get(other)} for ${SECONDS} s`,
      cause: () => cut(one, other, SECONDS),
    })),
    ...slots.map((slot) => ({
      name: `the data volume of ${named.get(slot)} is full for ${SECONDS} s`,
      cause: () => fillDisk(slot, SECONDS),
    })),
    ...slots.map((slot) => ({
      name: `the instance of ${named.get(slot)} is terminated`,
      cause: () => terminate(slot),
    })),
    ...slots.map((slot) => {
      const hasPrices = slot === PLACES.mongodbSlot;
      return {
        name: `the instance of ${named.get(slot)} is terminated, and its volume is lost`,
        cause: () => loseForGood(slot, settingsOf(topology), hasPrices),
        remedy: `\`metals deploy\` with an empty volume${hasPrices ? ', `metals rewind`' : ''}`,
      };
    }),
  ];
}

const ONLY_BROKER_KILLED_SECONDS = 10;
/** Until its partitions have other leaders; events of other partitions are accepted meanwhile. */
const BROKER_AWAY_SECONDS = 10;

/**
 * How long no event may be accepted. Of two nodes that do not reach each other, Kafka's controller knows nothing: it reaches both, and
 * a producer on one waits for the leaders on the other. With the volume of the only manager the Swarm itself is lost.
 */
function mostWithoutIntake({ managers, kafkaBrokers }: Topology, name: string): number {
  if (kafkaBrokers === 1) return name === 'a task of kafka is killed (SIGKILL)' ? ONLY_BROKER_KILLED_SECONDS : Infinity;
  if (managers === 1 && name.includes('manager-1') && name.endsWith('its volume is lost')) return Infinity;
  return /broker|kafka/.test(name) && !name.startsWith('no network') ? BROKER_AWAY_SECONDS : Infinity;
}

/** A volume with the only copy of events that are accepted and not stored yet; processors store them within a few seconds. */
const mayLose = ({ kafkaBrokers }: Topology, name: string): boolean =>
  kafkaBrokers === 1 && name.includes('(Kafka)') && name.endsWith('its volume is lost');

describe.each(TOPOLOGIES)('$name', (topology) => {
  inFullRun('under faults', () => {
    beforeAll(() => mustDeploy(settingsOf(topology)));
    afterAll(() => mustDeploy());

    test.each(faultsOf(topology))('$name', async ({ name, cause, remedy }) => {
      const row = await underFault(topology.name, name, cause, remedy);
      console.log(JSON.stringify(row, undefined, 2));
      expect([row.isWellAgain, row.doubled]).toEqual([true, 0]);
      expect(row.withoutIntakeSeconds).toBeLessThanOrEqual(mostWithoutIntake(topology, name));
      if (mayLose(topology, name)) expect(row.lost).toBeLessThan(3 * EVENTS_PER_SECOND);
      else expect(row.lost).toBe(0);
    });
  });
});
