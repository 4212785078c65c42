/** When things happen in the lab: in the orders that AWS allows and that hurt, drawn from a seed so that a run can be repeated. */

interface Range {
  readonly leastSeconds: number;
  readonly mostSeconds: number;
}

const seconds = (leastSeconds: number, mostSeconds: number): Range => ({ leastSeconds, mostSeconds });

/**
 * `default` has AWS's unfavourable orders in short times, `aws` has its long ones. The long times are estimates out of
 * AWS's documentation and users' reports: Auto Scaling retries a failed launch after an undocumented while.
 */
export const PROFILES = {
  default: {
    /** User data begins this long after the SSM agent is online. */
    userDataAfterAgent: seconds(1, 4),
    /** From AttachVolume until the device is there. */
    volumeAppears: seconds(1, 3),
    /** A terminated instance holds its interface for so long… */
    terminationHolds: seconds(2, 5),
    /** …and its volume for so much longer: the boot of the instance that replaces it finds the volume in use. */
    volumeHolds: seconds(6, 12),
    /** Auto Scaling tries a failed launch again. */
    relaunch: seconds(2, 4),
    /** A registered node refuses SendCommand with InvalidInstanceId at first. */
    commandsAfterRegistration: seconds(1, 3),
    /** From the change of a role's policy until it counts. */
    grantTakesEffect: seconds(3, 8),
    /** From a target's last health check until connections go by it. */
    targetHealthCounts: seconds(1, 4),
  },
  aws: {
    userDataAfterAgent: seconds(10, 30),
    volumeAppears: seconds(5, 15),
    terminationHolds: seconds(30, 60),
    volumeHolds: seconds(20, 60),
    relaunch: seconds(20, 60),
    commandsAfterRegistration: seconds(10, 30),
    // Usually about 2 s (pulumi/pulumi-aws#2411); CDK's own handlers are to wait for 31 s (aws/aws-cdk#37878).
    grantTakesEffect: seconds(10, 30),
    // Not documented; more than 10 would outlast an edge that is leaving (lib/constructs/stack-bundle.ts).
    targetHealthCounts: seconds(3, 8),
  },
} as const satisfies Record<string, Record<string, Range>>;

export type ProfileName = keyof typeof PROFILES;
export type Delay = keyof (typeof PROFILES)['default'];

export const PROFILE_NAMES = Object.keys(PROFILES) as ProfileName[];
export const MAX_SEED = 2 ** 32 - 1;

/** Mulberry32: 32 bits of state, numbers from 0 up to 1. Not for secrets. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** FNV-1a: gives each name a seed of its own. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const character of text) value = Math.imul(value ^ character.codePointAt(0)!, 0x01000193);
  return value >>> 0;
}

export class Timing {
  private readonly streams = new Map<string, () => number>();

  constructor(
    readonly profile: ProfileName,
    readonly seed: number,
  ) {}

  /** Milliseconds for the next event of a kind. How often other kinds were asked for does not change it. */
  draw(delay: Delay): number {
    const { leastSeconds, mostSeconds } = PROFILES[this.profile][delay];
    return Math.round(1000 * (leastSeconds + (mostSeconds - leastSeconds) * this.next(delay)));
  }

  /** A number from 0 up to 1 out of the stream of this name. */
  next(stream: string): number {
    const existing = this.streams.get(stream);
    if (existing) return existing();
    const created = mulberry32(this.seed ^ hash(stream));
    this.streams.set(stream, created);
    return created();
  }

  /** Resolves after a delay of this kind. */
  wait(delay: Delay): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, this.draw(delay)));
  }
}
