import { setTimeout as sleep } from 'node:timers/promises';
import { Metrics } from '../../../services/common/metrics';

const sample = (text: string, name: string): number =>
  Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1] ?? 'NaN');

describe('Metrics', () => {
  test('the event loop is late by what it was blocked, and not by the interval between two samples', async () => {
    const metrics = new Metrics('processor');
    await sleep(250);
    const idle = sample((await metrics.reply()).body, 'metals_processor_event_loop_delay_p99_seconds');
    // The first sample after a look is the start of the next interval.
    await sleep(250);
    for (const untilMs = performance.now() + 600; performance.now() < untilMs;);
    await sleep(250);
    const { body } = await metrics.reply();
    const blocked = sample(body, 'metals_processor_event_loop_delay_p99_seconds');
    expect(blocked).toBeGreaterThan(0.3);
    expect(blocked).toBeGreaterThan(idle);
    expect(body).toContain('nodejs_eventloop_lag_seconds');
    expect(body).not.toContain('nodejs_eventloop_lag_p50_seconds');
  });

  test('a gauge by label shows what is there now, and no longer what is gone', async () => {
    const metrics = new Metrics('processor');
    let lags = new Map([[0, 5]]);
    metrics.gaugeBy('lag_records', 'Lag', 'partition', () => lags);
    expect((await metrics.reply()).body).toContain('metals_processor_lag_records{partition="0"} 5');
    lags = new Map([[1, 7]]);
    const { body } = await metrics.reply();
    expect(body).toContain('metals_processor_lag_records{partition="1"} 7');
    expect(body).not.toContain('partition="0"');
  });
});
