/** Carries out a plan of faults, overlapping as the plan says, one at a time on each container. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../../rig/files';
import type { Rig } from '../../rig/rig';
import type { Task } from '../../rig/task';
import type { Service } from '../../rig/variants';
import { cutFor, dropFor, killAndStart, killAndStartStore, pauseFor, slowFor, stepClockFor } from './disturb';
import type { Fleet } from './fleet';
import type { Fault } from './schedule';
import { tell } from './trial';

/** An updated replica that does not become healthy meanwhile, as when Kafka is away, replaces the other all the same. */
const UPDATE_READY_SECONDS = 15;
/** Between two faults of one store: without it nothing would be done but to wait for it. */
const REST_MS = 2_000;

/** What an update may change while the old replicas still run with what was before. */
const OTHER_CONFIG: Readonly<Record<Service, Config>> = {
  producer: { queue: { max_batch_events: 1 }, events: { currency: 'EUR' } },
  processor: { write: { max_documents: 7 }, consumer: { max_wait_ms: 50 } },
};

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

  isBusy(task: Task): boolean {
    return this.busy.has(task);
  }

  private begin(fault: Fault, number: string): Promise<void> {
    const service: Service = fault.choice < 0.5 ? 'producer' : 'processor';
    const anyOf = (tasks: () => readonly Task[]) => (): Task => tasks()[Math.floor(fault.choice * tasks().length)];
    const { rig, fleet } = this;
    const stores = (): readonly Task[] => [rig.kafka, rig.mongodb];
    const all = (): readonly Task[] => [...stores(), ...fleet.all];
    const { lastsMs } = fault;
    // Of digits that do not choose the container.
    const even = Math.floor(fault.choice * 1_000) % 2 === 0;
    const on = (tasks: () => readonly Task[], work: (task: Task) => Promise<void>): Promise<void> =>
      this.on(fault, number, anyOf(tasks), work);
    switch (fault.kind) {
      case 'kill-producer':
        return on(() => fleet.producers, killAndStart);
      case 'kill-processor':
        return on(() => fleet.processors, killAndStart);
      case 'restart-kafka':
        return on(() => [rig.kafka], restartStore);
      case 'restart-mongodb':
        return on(() => [rig.mongodb], restartStore);
      case 'both-stores':
        // The other one may be in the midst of a fault of its own: that is then over for it.
        return on(
          () => [rig.kafka],
          () => this.alsoOn(rig.mongodb, () => restartStore(...stores())),
        );
      case 'rolling-update':
        return on(
          () => fleet.of(service),
          (task) => this.replace(service, task),
        );
      case 'changed-configuration':
        return on(
          () => fleet.of(service),
          (task) => this.replace(service, task, OTHER_CONFIG[service]),
        );
      case 'cut-network':
        return on(all, (task) => cutFor(task, lastsMs));
      case 'pause':
        return on(all, (task) => pauseFor(task, lastsMs));
      case 'drop-one-way':
        return on(
          () => fleet.all,
          (task) => dropFor(rig, task, even ? 'in' : 'out', this.peerOf(task, even), lastsMs),
        );
      case 'slow-store':
        return on(stores, (task) => slowFor(task, lastsMs));
      case 'step-clock':
        // Of processors alone: a producer with a wrong clock rightly refuses times that are outside its window.
        return on(
          () => fleet.processors,
          (task) => stepClockFor(rig, task, even, lastsMs),
        );
    }
  }

  private peerOf(task: Task, even: boolean): Task {
    return this.fleet.producers.includes(task) || even ? this.rig.kafka : this.rig.mongodb;
  }

  private async alsoOn(task: Task, work: () => Promise<void>): Promise<void> {
    for (let busy = this.busy.get(task); busy !== undefined; busy = this.busy.get(task)) await busy;
    const done = work().finally(() => this.busy.delete(task));
    this.busy.set(
      task,
      done.catch(() => undefined),
    );
    await done;
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

  private async replace(service: Service, task: Task, config?: Config): Promise<void> {
    const successor = await this.fleet.add(service, { wait: false, config });
    await successor.ready(UPDATE_READY_SECONDS).catch((error: Error) => tell(`update goes on: ${error.message}`));
    await this.fleet.retire(task);
  }
}

async function restartStore(...stores: readonly Task[]): Promise<void> {
  await killAndStartStore(...stores);
  await sleep(REST_MS);
}
