/** Cuts the end off a log of Kafka, as a crash of the operating system does that had not yet written it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { docker } from '../../../lib/lab/docker';
import type { Rig } from '../../rig/rig';

const DATA = '/var/lib/kafka/data';
/** baseOffset (int64) and batchLength (int32), which counts what follows: https://kafka.apache.org/documentation/#recordbatch */
const LENGTH_AT = 8;
const HEADER_BYTES = 12;

/** Pure: how many bytes of a segment are left without its last batches. @throws Error if it has fewer */
export function withoutLastBatches(segment: Buffer, count: number): number {
  const starts: number[] = [];
  for (let at = 0; at + HEADER_BYTES <= segment.length; at += HEADER_BYTES + segment.readInt32BE(at + LENGTH_AT)) {
    // A segment that is preallocated ends with zeros.
    if (segment.readInt32BE(at + LENGTH_AT) <= 0) break;
    starts.push(at);
  }
  if (starts.length <= count) throw new Error(`the segment has ${starts.length} batches, expected more than ${count}`);
  return starts[starts.length - count];
}

/** Of a broker that does not run; it finds out at its start, as after a crash. */
export async function cutLastBatches(rig: Rig, toolbox: string, partition: string, count: number): Promise<void> {
  const folder = `logs/${partition}`;
  const name = `${'0'.repeat(20)}.log`;
  const local = mkdtempSync(path.join(tmpdir(), 'metals-segment-'));
  try {
    await docker(['cp', `${rig.kafka.container}:${DATA}/${folder}/${name}`, path.join(local, name)]);
    const bytes = withoutLastBatches(readFileSync(path.join(local, name)), count);
    const script = [
      `truncate --size ${bytes} /data/${folder}/${name}`,
      // What was derived from the log is derived anew.
      `rm -f /data/${folder}/*.index /data/${folder}/*.timeindex /data/${folder}/*.snapshot /data/logs/.kafka_cleanshutdown`,
    ].join(' && ');
    const volume = `type=volume,source=${rig.network}-kafka-data-kraft,destination=/data`;
    await docker(['run', '--rm', '--mount', volume, toolbox, 'sh', '-c', script]);
  } finally {
    rmSync(local, { recursive: true, force: true });
  }
}
