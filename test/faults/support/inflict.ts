/** Carries out a plan of faults, overlapping as the plan says, one at a time on each container. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Rig } from '../../rig/rig';
import type { Task } from '../../rig/task';
import type { Service } from '../../rig/variants';
import type { Fleet } from './fleet';
import type { Fault } from './schedule';
import { tell } from './trial';

/** An updated replica that does not become healthy meanwhile, as when Kafka is away, replaces the other all the same. */
const UPDATE_READY_SECONDS = 15;
const STORE_READY_SECONDS = 90;
/** As the Swarm: a failed task starts again after a while. */
const RESTART_DELAY_MS = 500;
/** Between two faults of one store: without it nothing would be done but to wait for it. */
const REST_MS = 2_000;

export class Inflictor {
  /** What is being done to a container; the next fault on it waits for that. */
  private readonly busy = new Map<Task, Promise<void>>();
  private readonly running = new Set<Promise<void>>();
  private readonly failures: Error[] = [];
  private readonly startMs = Date.now();

  constructor(
    private readonly rig: Rig,
    private readonly fleet: Fleet,
  ) {}

  /** Resolves when every fault is over and everything runs again. */
  async inflict(faults: readonly Fault[]): Promise<void> {
    for (const [index, fault] of faults.entries()) {
      await sleep(fault.afterMs);
      const work = this.begin(fault, `${index + 1}/${faults.length}`)
        .catch((error: Error) => void this.failures.push(error))
        .finally(() => this.running.delete(work));
      this.running.add(work);
      // A fault of the harness would make all that follows mean less than it says.
      if (this.failures.length > 0) break;
    }
    await Promise.all(this.running);
    if (this.failures.length > 0) throw this.failures[0];
  }

  private begin(fault: Fault, number: string): Promise<void> {
    const service: Service = fault.choice < 0.5 ? 'producer' : 'processor';
    const anyOf = (tasks: () => readonly Task[]) => (): Task => tasks()[Math.floor(fault.choice * tasks().length)];
    const { rig, fleet } = this;
    switch (fault.kind) {
      case 'kill-producer':
        return this.on(
          fault,
          number,
          anyOf(() => fleet.producers),
          killAndStart,
        );
      case 'kill-processor':
        return this.on(
          fault,
          number,
          anyOf(() => fleet.processors),
          killAndStart,
        );
      case 'restart-kafka':
        return this.on(fault, number, () => rig.kafka, killAndStartStore);
      case 'restart-mongodb':
        return this.on(fault, number, () => rig.mongodb, killAndStartStore);
      case 'rolling-update':
        return this.on(
          fault,
          number,
          anyOf(() => fleet.of(service)),
          (task) => this.replace(service, task),
        );
      case 'cut-network': {
        const all = anyOf(() => [rig.kafka, rig.mongodb, ...fleet.producers, ...fleet.processors]);
        return this.on(fault, number, all, (task) => cutFor(task, fault.lastsMs));
      }
    }
  }

  /** Chooses again after each wait: the one before may have been replaced meanwhile. */
  private async on(
    { kind }: Fault,
    number: string,
    choose: () => Task,
    work: (task: Task) => Promise<void>,
  ): Promise<void> {
    let task = choose();
    for (let busy = this.busy.get(task); busy !== undefined; busy = this.busy.get(task)) {
      await busy;
      task = choose();
    }
    tell(`fault ${number} at ${((Date.now() - this.startMs) / 1_000).toFixed(1)} s: ${kind} ${task.container}`);
    const done = work(task).finally(() => this.busy.delete(task));
    this.busy.set(
      task,
      done.catch(() => undefined),
    );
    await done;
  }

  private async replace(service: Service, task: Task): Promise<void> {
    const successor = await this.fleet.add(service, { wait: false });
    await successor.ready(UPDATE_READY_SECONDS).catch((error: Error) => tell(`update goes on: ${error.message}`));
    this.fleet.forget(task);
    await task.stop();
    const { exitCode } = await task.state();
    if (exitCode !== 0) tell(`${task.container} ended with ${exitCode}: it did not drain in time`);
    await task.remove();
  }
}

async function killAndStart(task: Task): Promise<void> {
  await task.kill();
  await sleep(RESTART_DELAY_MS);
  await task.start();
}

async function cutFor(task: Task, lastsMs: number): Promise<void> {
  const restore = await task.cut();
  await sleep(lastsMs);
  await restore();
}

async function killAndStartStore(task: Task): Promise<void> {
  await killAndStart(task);
  await task.ready(STORE_READY_SECONDS);
  await sleep(REST_MS);
}
