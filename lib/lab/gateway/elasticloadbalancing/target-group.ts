/** The targets of one group: looks at their health, and leads connections to them. */
import http from 'node:http';
import type net from 'node:net';
import { passThrough } from '../front-door/pass-through';
import type { Log } from '../log';
import type { Timing } from '../timing';
import type { HealthCheck, Target, TargetGroupRecord } from './records';
import { afterCheck, eligible, INITIAL, pick, type TargetHealth, type TargetState } from './target-health';

export interface TargetGroupDependencies {
  readonly timing: Pick<Timing, 'draw'>;
  readonly log: Log;
}

interface Watched extends Target {
  health: TargetHealth;
  /** What connections go by: a new health takes a while to reach the load balancer's own nodes. */
  state: TargetState;
  readonly clients: Set<net.Socket>;
  readonly timers: Set<NodeJS.Timeout>;
  /** Ends its established connections. */
  termination?: NodeJS.Timeout;
}

export class TargetGroup {
  private readonly targets = new Map<string, Watched>();

  constructor(
    private readonly record: TargetGroupRecord,
    private readonly dependencies: TargetGroupDependencies,
  ) {}

  /** Takes up targets that the record has now, and lets go of others: their connections go on. */
  sync(): void {
    const wanted = new Map(this.record.targets.map((target) => [nameOf(target), target]));
    for (const [name, target] of this.targets) {
      if (wanted.has(name)) continue;
      stopTimers(target);
      this.targets.delete(name);
    }
    for (const [name, target] of wanted) {
      if (this.targets.has(name)) continue;
      const unknown = {
        health: INITIAL,
        state: INITIAL.state,
        clients: new Set<net.Socket>(),
        timers: new Set<NodeJS.Timeout>(),
      };
      const watched: Watched = { ...target, ...unknown };
      this.targets.set(name, watched);
      this.watch(watched);
    }
  }

  stop(): void {
    for (const target of this.targets.values()) stopTimers(target);
    this.targets.clear();
  }

  /** Leads a client to one target, once: whatever becomes of it, no other is tried. */
  take(client: net.Socket): void {
    const candidates = eligible([...this.targets.values()]);
    if (candidates.length === 0) return void client.resetAndDestroy();
    const target = pick(candidates, { address: client.remoteAddress ?? '', port: client.remotePort ?? 0 });
    target.clients.add(client);
    client.once('close', () => target.clients.delete(client));
    passThrough(client, target);
  }

  /** State of each target by its address and port. */
  states(): Record<string, TargetState> {
    return Object.fromEntries([...this.targets].map(([name, { health }]) => [name, health.state]));
  }

  private watch(target: Watched): void {
    const look = (): void => {
      later(target, this.record.healthCheck.intervalSeconds * 1000, look);
      void checkHealth(target, this.record.healthCheck).then((problem) => this.judge(target, problem));
    };
    look();
  }

  private judge(target: Watched, problem: string | undefined): void {
    if (this.targets.get(nameOf(target)) !== target) return;
    const before = target.health.state;
    target.health = afterCheck(target.health, problem === undefined, this.record.healthCheck);
    const { state } = target.health;
    if (state === before) return;
    this.dependencies.log(
      'load-balancer',
      `${this.record.name}: ${nameOf(target)} is ${state}${problem ? `: ${problem}` : ''}`,
    );
    later(target, this.dependencies.timing.draw('targetHealthCounts'), () => this.act(target, state));
  }

  private act(target: Watched, state: TargetState): void {
    // A later judgement may have overtaken this one.
    if (target.health.state !== state) return;
    target.state = state;
    if (target.termination) forget(target, target.termination);
    if (state !== 'unhealthy.draining') return;
    const { terminatesAfterSeconds } = this.record;
    if (terminatesAfterSeconds === undefined) return void endDraining(target);
    target.termination = later(target, terminatesAfterSeconds * 1000, () => {
      if (endDraining(target)) for (const client of target.clients) client.resetAndDestroy();
    });
  }
}

/** False when it has become healthy meanwhile. */
function endDraining(target: Watched): boolean {
  if (target.health.state !== 'unhealthy.draining') return false;
  target.health = { ...target.health, state: 'unhealthy' };
  target.state = 'unhealthy';
  return true;
}

const nameOf = ({ address, port }: Target): string => `${address}:${port}`;

function later(target: Watched, milliseconds: number, work: () => void): NodeJS.Timeout {
  const timer = setTimeout(() => {
    target.timers.delete(timer);
    work();
  }, milliseconds);
  target.timers.add(timer);
  return timer;
}

function forget({ timers }: Watched, timer: NodeJS.Timeout): void {
  clearTimeout(timer);
  timers.delete(timer);
}

function stopTimers(target: Watched): void {
  for (const timer of target.timers) forget(target, timer);
}

/** Why a target fails its health check; undefined when it passes. */
export const checkHealth = ({ address, port }: Target, check: HealthCheck): Promise<string | undefined> =>
  new Promise((resolve) => {
    const signal = AbortSignal.timeout(check.timeoutSeconds * 1000);
    const request = http.get({ host: address, port, path: check.path, agent: false, signal }, (response) => {
      response.resume();
      // An answer that is cut off is none; its error is the request's.
      response.on('error', () => undefined);
      const status = response.statusCode!;
      resolve(check.codes.includes(status) ? undefined : `status ${status}`);
    });
    request.on('error', (error) => resolve(signal.aborted ? `no answer in ${check.timeoutSeconds} s` : error.message));
  });
