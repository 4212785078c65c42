import { parseMetrics, toStats } from './stats';

const answer = (memory: Record<string, number>) => ({
  cpu_stats: {
    cpu_usage: { total_usage: 5e9, usage_in_usermode: 4e9, usage_in_kernelmode: 1e9 },
    throttling_data: { periods: 10, throttled_periods: 3, throttled_time: 2e6 },
  },
  memory_stats: { stats: memory },
});

test('nanoseconds become milliseconds', () => {
  expect(toStats(answer({ total_rss: 7 }), 1)).toEqual({
    atMs: 1,
    cpuMs: 5_000,
    userMs: 4_000,
    systemMs: 1_000,
    memoryBytes: 7,
    periods: 10,
    throttledPeriods: 3,
    throttledMs: 2,
  });
});

test('memory is without the page cache in both versions of cgroups', () => {
  expect(toStats(answer({ total_rss: 7, cache: 100 }), 1).memoryBytes).toBe(7);
  expect(toStats(answer({ anon: 8, file: 100 }), 1).memoryBytes).toBe(8);
});

test('metrics are found by their full name', () => {
  const metrics = parseMetrics('# HELP x y\nx_total{result="a b"} 3\ny 1.5e3\n');
  expect([...metrics]).toEqual([
    ['x_total{result="a b"}', 3],
    ['y', 1500],
  ]);
});
