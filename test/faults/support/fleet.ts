/** The replicas of both services that are meant to run. */
import type { Rig, ServiceOptions } from '../../rig/rig';
import type { Task } from '../../rig/task';
import type { Service } from '../../rig/variants';

/** The shortest that the broker takes: the group waits as long for a member that was killed. */
const SESSION_TIMEOUT_MS = 6_000;

/** As deployed, but for prices that nobody sent, and for how long a killed member is waited for. */
const CONFIG = {
  producer: { feed: { rate_per_second: 0 } },
  processor: { consumer: { session_timeout_ms: SESSION_TIMEOUT_MS } },
} as const;

export class Fleet {
  readonly producers: Task[] = [];
  readonly processors: Task[] = [];

  constructor(private readonly rig: Rig) {}

  of(service: Service): Task[] {
    return service === 'producer' ? this.producers : this.processors;
  }

  async add(service: Service, options: ServiceOptions = {}): Promise<Task> {
    const task = await this.rig.startService(service, { config: CONFIG[service], ...options });
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

  async removeAll(service: Service): Promise<void> {
    const tasks = [...this.of(service)];
    tasks.forEach((task) => this.forget(task));
    // Gracefully: a processor that is killed is waited for by the next ones.
    await Promise.all(
      tasks.map(async (task) => {
        await task.stop();
        await task.remove();
      }),
    );
  }
}
