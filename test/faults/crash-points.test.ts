/** The process is killed once at every named point, under load: nothing is lost and nothing is doubled. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Rig } from '../rig/rig';
import { CRASH_POINTS, crashPoints, findCrashPoints, type Service } from '../rig/variants';
import { Fleet } from './support/fleet';
import { violations } from './support/oracle';
import { startFaultRig, underLoad } from './support/trial';

jest.setTimeout(300_000);

const RATE_PER_SECOND = 200;
const SIGKILLED = 137;
/** It may have to wait for the session of the replica before it, and work through what has gathered meanwhile. */
const EXIT_SECONDS = 120;
/** How often the point is passed before the kill, so that the kill comes in the midst of the work. */
const PASS: Readonly<Record<string, number>> = { 'in-drain': 1, 'in-dead-letter': 3 };
const DEFAULT_PASS = 10;

test.each(Object.entries(CRASH_POINTS))('%s: each point stands once in the sources, and no other', (service, names) => {
  expect(
    findCrashPoints(service as Service)
      .map(({ name }) => name)
      .sort(),
  ).toEqual([...names].sort());
});

let rig: Rig;
let fleet: Fleet;
beforeAll(async () => {
  rig = await startFaultRig('crash-points');
  fleet = new Fleet(rig);
});
afterAll(() => rig?.stop());

describe.each(Object.keys(CRASH_POINTS) as Service[])('%s, killed once', (service) => {
  const partner = service === 'producer' ? 'processor' : 'producer';
  beforeAll(() => fleet.add(partner));
  afterAll(() => fleet.removeAll(partner));
  afterEach(() => fleet.removeAll(service));

  test.each(CRASH_POINTS[service])('%s: 0 lost, 0 doubled', async (name) => {
    const env = { METALS_CRASH_POINT: `${name}:${PASS[name] ?? DEFAULT_PASS}` };
    const doomed = await fleet.add(service, { variant: crashPoints(service), env });
    const load = { run: `${service}-${name}`, ratePerSecond: RATE_PER_SECOND };
    let before = 0;
    const verdict = await underLoad(rig, fleet, load, async (running) => {
      if (name === 'in-drain') {
        await sleep(1_000);
        await doomed.kill('TERM');
      }
      expect(await doomed.exited(EXIT_SECONDS)).toBe(SIGKILLED);
      before = running.acknowledged;
      fleet.forget(doomed);
      await fleet.add(service, { wait: false });
      await sleep(1_000);
    });
    expect(violations(verdict)).toEqual([]);
    // The kill came in the midst of it, and the replacement has worked.
    expect(verdict.acknowledged).toBeGreaterThan(before);
    expect(verdict.conflicts).toBeGreaterThan(0);
  });
});
