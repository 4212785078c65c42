/** The replicas of both services that are meant to run. */
import { mergeConfig, type Config } from '../../rig/files';
import type { Rig, ServiceOptions } from '../../rig/rig';
import type { Task } from '../../rig/task';
import type { Service } from '../../rig/variants';

/** The shortest that the broker takes: the group waits as long for a member that was killed. */
const SESSION_TIMEOUT_MS = 6_000;

export type FleetConfig = Readonly<Record<Service, Config>>;

/** As deployed, but for prices that nobody sent. */
export const DEPLOYED: FleetConfig = { producer: { feed: { rate_per_second: 0 } }, processor: {} };
/** And for how long a killed member is waited for. */
export const QUICK: FleetConfig = { ...DEPLOYED, processor: { consumer: { session_timeout_ms: SESSION_TIMEOUT_MS } } };

export class Fleet {
  readonly producers: Task[] = [];
  readonly processors: Task[] = [];
  private retiredLines = new Map<string, number>();

  constructor(
    private readonly rig: Rig,
    private readonly config: FleetConfig = QUICK,
    private readonly common: Pick<ServiceOptions, 'clock'> = {},
  ) {}

  of(service: Service): Task[] {
    return service === 'producer' ? this.producers : this.processors;
  }

  get all(): readonly Task[] {
    return [...this.producers, ...this.processors];
  }

  /** `options.config` is merged into what all replicas of this fleet have. */
  async add(service: Service, options: ServiceOptions = {}): Promise<Task> {
    const config = mergeConfig(this.config[service], options.config ?? {});
    const task = await this.rig.startService(service, { ...this.common, ...options, config });
    this.of(service).push(task);
    return task;
  }

  /** No longer counted on: its container may run on. */
  forget(task: Task): void {
    for (const tasks of [this.producers, this.processors]) {
      const index = tasks.indexOf(task);
      if (index >= 0) tasks.splice(index, 1);
    }
  }

  /** Stops and removes one replica. */
  async retire(task: Task): Promise<void> {
    const service = this.producers.includes(task) ? 'producer' : 'processor';
    this.forget(task);
    await task.stop();
    const lines = await task.countLogLines();
    this.retiredLines.set(service, (this.retiredLines.get(service) ?? 0) + lines);
    await task.remove();
  }

  async removeAll(service: Service): Promise<void> {
    // Gracefully: a processor that is killed is waited for by the next ones.
    await Promise.all([...this.of(service)].map((task) => this.retire(task)));
  }

  /** Lines that replicas had logged that are gone since the last look. */
  takeRetiredLines(): ReadonlyMap<string, number> {
    const taken = this.retiredLines;
    this.retiredLines = new Map();
    return taken;
  }
}
