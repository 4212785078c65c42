/** What the lab remembers about an Auto Scaling group; kept in one store with the instances. */
import type { Tag } from '../types';

export interface GroupTag extends Tag {
  readonly PropagateAtLaunch: boolean;
}

export interface GroupRecord {
  readonly name: string;
  launchTemplateId: string;
  /** A number: `$Latest` and `$Default` are resolved when they are set. */
  launchTemplateVersion: number;
  minSize: number;
  maxSize: number;
  desiredCapacity: number;
  readonly availabilityZone: string;
  tags: GroupTag[];
  readonly createdTime: string;
  /** A rolling update is under way: an instance of another version is replaced. */
  replaceOutdated: boolean;
  /** An operator declared the instance unhealthy. */
  replaceInstance: boolean;
  instanceId?: string;
  /** Why the last launch failed. */
  lastFailure?: string;
  /** The latest first. */
  activities?: readonly ScalingActivity[];
}

export interface ScalingActivity {
  readonly id: string;
  readonly description: string;
  readonly cause: string;
  readonly statusCode: 'Successful' | 'Failed';
  readonly statusMessage?: string;
  readonly time: string;
}
