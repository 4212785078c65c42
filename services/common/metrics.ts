import { monitorEventLoopDelay } from 'node:perf_hooks';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { statesOf, type Finding, type ServiceName } from './health-states';

const LATENCY_BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const BATCH_BUCKETS = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000];

/** A sample wakes the process: four in a second cost nothing, and a loop that is late for longer is always seen. */
const SAMPLE_MS = 250;
/** prom-client's figures of the samples hold the interval between them: an idle loop would be that late. Ours do not. */
const NEVER_MS = 3_600_000;
const SAMPLE_LAGS = ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'];

/** The metrics of one service, all named `metals_<service>_…` with their unit. */
export class Metrics {
  readonly registry = new Registry();

  constructor(private readonly service: ServiceName) {
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: NEVER_MS });
    for (const name of SAMPLE_LAGS) this.registry.removeSingleMetric(`nodejs_eventloop_lag_${name}_seconds`);
    const delay = monitorEventLoopDelay({ resolution: SAMPLE_MS });
    delay.enable();
    this.gauge(
      'event_loop_delay_p99_seconds',
      'How late the event loop was, 99th percentile since the last look',
      () => {
        const seconds = Math.max(0, delay.percentile(99) / 1e9 - SAMPLE_MS / 1_000);
        delay.reset();
        return seconds;
      },
    );
  }

  counter<Label extends string = never>(name: string, help: string, labelNames: readonly Label[] = []): Counter<Label> {
    return new Counter({ name: this.fullName(name), help, labelNames, registers: [this.registry] });
  }

  gauge(name: string, help: string, read: () => number): Gauge {
    return new Gauge({
      name: this.fullName(name),
      help,
      registers: [this.registry],
      collect() {
        this.set(read());
      },
    });
  }

  /** One value for each label, as they are now: a label that is gone is no longer shown. */
  gaugeBy(name: string, help: string, label: string, read: () => Iterable<readonly [string | number, number]>): Gauge {
    return new Gauge({
      name: this.fullName(name),
      help,
      labelNames: [label],
      registers: [this.registry],
      collect() {
        this.reset();
        for (const [key, value] of read()) this.set({ [label]: String(key) }, value);
      },
    });
  }

  /** 1 for each state that holds, 0 for the others: an alarm can be set on any of them before it ever holds. */
  healthStates(read: () => readonly Finding[]): Gauge {
    const help = 'Whether a state holds that needs somebody; docs/delivery.md explains each';
    return this.gaugeBy('health_state', help, 'state', () => {
      const holding = new Set(read().map(({ state }) => state));
      return statesOf(this.service).map((state) => [state, Number(holding.has(state))] as const);
    });
  }

  latency<Label extends string = never>(
    name: string,
    help: string,
    labelNames: readonly Label[] = [],
  ): Histogram<Label> {
    return this.histogram(name, help, LATENCY_BUCKETS_SECONDS, labelNames);
  }

  batchSize(name: string, help: string): Histogram {
    return this.histogram(name, help, BATCH_BUCKETS, []);
  }

  async reply(): Promise<{ status: number; body: string; headers: Record<string, string> }> {
    const body = await this.registry.metrics();
    return { status: 200, body, headers: { 'content-type': this.registry.contentType } };
  }

  private histogram<Label extends string>(
    name: string,
    help: string,
    buckets: number[],
    labelNames: readonly Label[],
  ): Histogram<Label> {
    return new Histogram({ name: this.fullName(name), help, buckets, labelNames, registers: [this.registry] });
  }

  private fullName(name: string): string {
    return `metals_${this.service}_${name}`;
  }
}
