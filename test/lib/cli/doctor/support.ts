/** Evidence of a lab with one manager and two workers that was well, as its documents printed it; tests change a part. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeEvidence, swarmEvidence, type Evidence } from '../../../../lib/cli/doctor/evidence';
import { parseStackStatus } from '../../../../lib/cli/stack-status';

const read = (name: string): string => readFileSync(join(__dirname, 'recorded', name), 'utf8');

type Mutable<T> = T extends object ? { -readonly [K in keyof T]: Mutable<T[K]> } : T;
export type Changeable = Mutable<Evidence> & Required<Pick<Mutable<Evidence>, 'status' | 'swarm'>>;

/** A copy of its own. */
export const healthy = (): Changeable & {
  status: NonNullable<Changeable['status']>;
  swarm: NonNullable<Changeable['swarm']>;
} =>
  ({
    status: parseStackStatus(read('status.json')),
    swarm: swarmEvidence.parse(JSON.parse(read('swarm.json'))),
    nodes: ['manager-1', 'worker-1', 'worker-2'].map((slot) => nodeEvidence.parse(JSON.parse(read(`${slot}.json`)))),
    offline: [],
    running: ['manager-1', 'worker-1', 'worker-2'],
    silent: [],
    slotsWithoutVolume: [],
    failedAssociations: [],
    swarmSilent: undefined,
    missing: [],
  }) as never;
