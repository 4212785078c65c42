/** Disturbances that have an end: each is over, and everything as before, when its promise resolves. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureToolbox } from '../../rig/images';
import { dropOneWay, type Direction } from '../../rig/one-way';
import type { Rig } from '../../rig/rig';
import type { Task } from '../../rig/task';

/** Kafka takes 8 s on an idle machine, and was seen to take a minute beside another rig. */
const STORE_READY_SECONDS = 180;
/** As the Swarm: a failed task starts again after a while. */
const RESTART_DELAY_MS = 500;
/** Two hundredths of a CPU: an insert that takes 5 ms takes half a second, and large ones run into the time-out. */
const SLOW_CPUS = 0.02;
const HOUR_SECONDS = 3_600;

export async function killAndStart(task: Task): Promise<void> {
  await task.kill();
  await sleep(RESTART_DELAY_MS);
  await task.start();
}

export async function killAndStartStore(...stores: readonly Task[]): Promise<void> {
  await Promise.all(stores.map((store) => store.kill()));
  await sleep(RESTART_DELAY_MS);
  await Promise.all(stores.map((store) => store.start()));
  await Promise.all(stores.map((store) => store.ready(STORE_READY_SECONDS)));
}

export async function cutFor(task: Task, lastsMs: number): Promise<void> {
  const restore = await task.cut();
  await sleep(lastsMs);
  await restore();
}

export async function pauseFor(task: Task, lastsMs: number): Promise<void> {
  const goOn = await task.pause();
  await sleep(lastsMs);
  await goOn();
}

export async function dropFor(rig: Rig, task: Task, direction: Direction, peer: Task, lastsMs: number): Promise<void> {
  const restore = await dropOneWay(await ensureToolbox(rig.progress), task, direction, peer);
  await sleep(lastsMs);
  await restore();
}

export async function slowFor(store: Task, lastsMs: number): Promise<void> {
  const restore = await store.limitCpus(SLOW_CPUS);
  await sleep(lastsMs);
  await restore();
}

/** An hour back or forward, and right again afterwards, as a clock that is set by hand and then by the network. */
export async function stepClockFor(rig: Rig, task: Task, back: boolean, lastsMs: number): Promise<void> {
  const clock = rig.clockOf(task);
  await clock.step(back ? -HOUR_SECONDS : HOUR_SECONDS);
  await sleep(lastsMs);
  await clock.step(0);
}
