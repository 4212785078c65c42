/**
 * How a slot's data volume is shared out. Everything on it lies below /var/lib/docker: Kafka's records, MongoDB's
 * documents, images, logs and the Swarm's state.
 */
import type { Config } from './config';
import type { EngineChoice } from './engines';
import { brokerSlots, mongodbSlots } from './slots';

const GIB_BYTES = 2 ** 30;
const PART_WHERE_ALONE = 1 / 2;
const PART_BESIDE_MONGODB = 1 / 4;

type DiskSettings = Pick<Config, 'dataVolumeGiB' | 'kafkaBrokers' | 'kafkaSlot' | 'kafkaOtherSlots' | 'mongodbSlot'> &
  EngineChoice;

/**
 * What the records of all topics may fill on each broker, in bytes: half of the volume, or a quarter where MongoDB is on
 * it too. Of three brokers each has all records.
 */
export function kafkaDiskBytes(config: DiskSettings): number {
  const brokers = brokerSlots(config);
  const part = mongodbSlots(config).some((slot) => brokers.includes(slot)) ? PART_BESIDE_MONGODB : PART_WHERE_ALONE;
  return config.dataVolumeGiB * GIB_BYTES * part;
}
