/** What the user may choose about the lab. */
import type { ProfileName } from './gateway/timing';
import { LAB_DEFAULT_PORT, PROCESSOR_PORT, PRODUCER_PORT } from '../contract';

export interface LabOptions {
  /** Where the lab answers as AWS, on 127.0.0.1. @default 4566 */
  readonly port: number;
  /** Where the producer answers, on 127.0.0.1. @default 8000 */
  readonly producerPort: number;
  /** Where the processor answers, on 127.0.0.1. @default 8001 */
  readonly processorPort: number;
}

export const DEFAULT_OPTIONS: LabOptions = {
  port: LAB_DEFAULT_PORT,
  producerPort: PRODUCER_PORT,
  processorPort: PROCESSOR_PORT,
};

/** How the lab's AWS behaves. */
export interface LabTiming {
  /** `default`: unfavourable orders in short times; `aws`: in long ones. @default default */
  readonly profile: ProfileName;
  /** What the times are drawn from. @default 1 */
  readonly seed: number;
}

export const DEFAULT_TIMING: LabTiming = { profile: 'default', seed: 1 };

/** The flag of `metals lab up` that chooses each port. */
export const PORT_FLAGS = {
  port: '--port',
  producerPort: '--producer-port',
  processorPort: '--processor-port',
} as const satisfies Record<keyof LabOptions, string>;

export const endpointUrl = (options: Pick<LabOptions, 'port'>): string => `http://127.0.0.1:${options.port}`;
