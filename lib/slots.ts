/** Names and places of the node slots. Pure. */
import type { Config } from './config';
import type { NodeRole } from './contract';
import { type EngineChoice, hasOwnKafka, hasOwnMongodb } from './engines';

/** Where a slot is, whatever other slots there are: adding one moves none. */
export interface SlotSeat {
  readonly role: NodeRole;
  /** Index of its subnet, counted on over the zones, in turn. */
  readonly subnetIndex: number;
  /** Of its address in that subnet. */
  readonly hostOffset: number;
}

/** Of an internal load balancer, in each subnet; AWS keeps the first four addresses. */
export const LOAD_BALANCER_HOST_OFFSET = 5;
/** First host offset that slots use. */
const FIRST_HOST_OFFSET = 10;

/** Names of the node slots, managers first: `manager-1`, `worker-1`, `worker-2`. */
export function slotNames(config: Pick<Config, 'managers' | 'workers'>): string[] {
  const count = (role: string, n: number) => Array.from({ length: n }, (_, i) => `${role}-${i + 1}`);
  return [...count('manager', config.managers), ...count('worker', config.workers)];
}

type BrokerSettings = Pick<Config, 'kafkaBrokers' | 'kafkaSlot' | 'kafkaOtherSlots'>;

/** The slots of the second and the third broker where nobody says which: workers come first, as they hold no Swarm. */
export function otherBrokerSlots(
  config: Pick<Config, 'kafkaBrokers' | 'kafkaSlot' | 'managers' | 'workers'>,
): readonly string[] {
  const slots = slotNames(config).filter((slot) => slot !== config.kafkaSlot);
  const isWorker = (slot: string) => slot.startsWith('worker-');
  return [...slots.filter(isWorker), ...slots.filter((slot) => !isWorker(slot))].slice(0, config.kafkaBrokers - 1);
}

/** The slots of the own brokers, in the order of their numbers: the first is that of broker 1. */
export const brokerSlots = ({ kafkaSlot, kafkaOtherSlots, ...choice }: BrokerSettings & EngineChoice): string[] =>
  hasOwnKafka(choice) ? [kafkaSlot, ...kafkaOtherSlots] : [];

/** The slot of the own MongoDB, if there is one. */
export const mongodbSlots = ({ mongodbSlot, ...choice }: Pick<Config, 'mongodbSlot'> & EngineChoice): string[] =>
  hasOwnMongodb(choice) ? [mongodbSlot] : [];

/** The Swarm service of a broker, which is also its name on the networks. */
export const brokerService = (broker: number): string => (broker === 1 ? 'kafka' : `kafka-${broker}`);

export function seatOf(slot: string, subnetCount: number): SlotSeat {
  const [role, ordinal] = [slot.split('-')[0] as NodeRole, Number(slot.split('-')[1])];
  // Workers start one zone after the managers, so that a small cluster uses every zone.
  const turn = role === 'manager' ? ordinal - 1 : ordinal;
  const hostOffset = FIRST_HOST_OFFSET + (role === 'manager' ? 0 : 10) + ordinal;
  return { role, subnetIndex: turn % subnetCount, hostOffset };
}
