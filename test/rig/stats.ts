/** What a container has used, from Docker's API: one answer for both versions of cgroups. */
import { askDocker } from './docker-api';

export interface ContainerStats {
  readonly atMs: number;
  readonly cpuMs: number;
  /** Counted by the kernel's tick, so less exact than cpuMs. */
  readonly userMs: number;
  readonly systemMs: number;
  /** Without the page cache. */
  readonly memoryBytes: number;
  /** Periods of the CPU quota, and in how many of them the container had to wait. */
  readonly periods: number;
  readonly throttledPeriods: number;
  readonly throttledMs: number;
}

interface Answer {
  readonly cpu_stats: {
    readonly cpu_usage: { total_usage: number; usage_in_usermode: number; usage_in_kernelmode: number };
    readonly throttling_data: { periods: number; throttled_periods: number; throttled_time: number };
  };
  readonly memory_stats: { readonly stats?: Readonly<Record<string, number>> };
}

const NS_PER_MS = 1e6;

export function toStats({ cpu_stats: cpu, memory_stats: memory }: Answer, atMs: number): ContainerStats {
  return {
    atMs,
    cpuMs: cpu.cpu_usage.total_usage / NS_PER_MS,
    userMs: cpu.cpu_usage.usage_in_usermode / NS_PER_MS,
    systemMs: cpu.cpu_usage.usage_in_kernelmode / NS_PER_MS,
    memoryBytes: memory.stats?.total_rss ?? memory.stats?.anon ?? 0,
    periods: cpu.throttling_data.periods,
    throttledPeriods: cpu.throttling_data.throttled_periods,
    throttledMs: cpu.throttling_data.throttled_time / NS_PER_MS,
  };
}

export async function containerStats(container: string): Promise<ContainerStats> {
  const answer = await askDocker<Answer>(`/containers/${container}/stats?stream=false&one-shot=true`);
  return toStats(answer, Date.now());
}

/** Samples of a Prometheus text by their full name, such as `x_total{result="inserted"}`. */
export function parseMetrics(text: string): ReadonlyMap<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}
