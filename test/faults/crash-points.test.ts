/** The process is killed once at every named point, under load: nothing is lost and nothing is doubled. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startRig, type Rig } from '../rig/rig';
import { CRASH_POINTS, crashPoints, findCrashPoints, type Service } from '../rig/variants';
import { Fleet } from './support/fleet';
import { violations } from './support/oracle';
import { startTrial, tell } from './support/trial';

jest.setTimeout(180_000);

const RATE_PER_SECOND = 200;
const SIGKILLED = 137;
/** How often the point is passed before the kill, so that the kill comes in the midst of the work. */
const PASS: Readonly<Record<string, number>> = { 'in-drain': 1, 'in-dead-letter': 3 };
const DEFAULT_PASS = 20;

const points = (Object.keys(CRASH_POINTS) as Service[]).flatMap((service) =>
  CRASH_POINTS[service].map((name) => ({ service, name })),
);

test.each(Object.entries(CRASH_POINTS))('%s: each point stands once in the sources, and no other', (service, names) => {
  expect(
    findCrashPoints(service as Service)
      .map(({ name }) => name)
      .sort(),
  ).toEqual([...names].sort());
});

describe('killed once', () => {
  let rig: Rig;
  let fleet: Fleet;
  beforeAll(async () => {
    rig = await startRig({ name: 'faults', report: tell });
    fleet = new Fleet(rig);
  });
  afterAll(() => rig?.stop());
  afterEach(() => fleet.removeAll());

  test.each(points)('$service $name: 0 lost, 0 doubled', async ({ service, name }) => {
    const other = service === 'producer' ? 'processor' : 'producer';
    const env = { METALS_CRASH_POINT: `${name}:${PASS[name] ?? DEFAULT_PASS}` };
    const [doomed] = await Promise.all([fleet.add(service, { variant: crashPoints(service), env }), fleet.add(other)]);
    const trial = await startTrial(rig, fleet, { run: `${service}-${name}`, ratePerSecond: RATE_PER_SECOND });
    if (name === 'in-drain') {
      await sleep(1_500);
      await doomed.kill('TERM');
    }
    expect(await doomed.exited(30)).toBe(SIGKILLED);
    const before = trial.load.acknowledged;
    fleet.forget(doomed);
    await fleet.add(service, { wait: false });
    await sleep(2_000);
    const verdict = await trial.judge();
    expect(violations(verdict)).toEqual([]);
    // The kill came in the midst of it, and the replacement has worked.
    expect(verdict.acknowledged).toBeGreaterThan(before);
    expect(verdict.conflicts).toBeGreaterThan(0);
  });
});
