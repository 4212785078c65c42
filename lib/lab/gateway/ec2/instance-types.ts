import { AwsError } from '../errors';

export interface InstanceSize {
  readonly vcpus: number;
  readonly memoryMib: number;
}

/** Sizes that the lab can give to a node [EC2 instance types]. */
const INSTANCE_TYPES: Readonly<Record<string, InstanceSize>> = {
  't3.small': { vcpus: 2, memoryMib: 2048 },
  't3.medium': { vcpus: 2, memoryMib: 4096 },
  't3.large': { vcpus: 2, memoryMib: 8192 },
  't3.xlarge': { vcpus: 4, memoryMib: 16384 },
};

export function instanceSize(type: string): InstanceSize {
  const size = INSTANCE_TYPES[type];
  if (size) return size;
  throw new AwsError(
    'InvalidParameterValue',
    `instance type '${type}' is unknown to the lab, which has ${Object.keys(INSTANCE_TYPES).join(', ')}`,
  );
}
