import type { HealthCheck } from '../../../../../lib/lab/gateway/elasticloadbalancing/records';
import {
  afterCheck,
  eligible,
  INITIAL,
  pick,
  type TargetState,
} from '../../../../../lib/lab/gateway/elasticloadbalancing/target-health';

const CHECK: HealthCheck = {
  ...{ path: '/health', codes: [200], intervalSeconds: 5, timeoutSeconds: 4 },
  ...{ healthyThreshold: 3, unhealthyThreshold: 2 },
};

/** States after each check; `+` passes, `-` fails. */
const states = (checks: string): TargetState[] => {
  let health = INITIAL;
  return [...checks].map((check) => (health = afterCheck(health, check === '+', CHECK)).state);
};

describe('a target', () => {
  test.each([
    ['is not in service before it has passed as often as the threshold says', '+++', ['initial', 'initial', 'healthy']],
    ['that is new and fails is unhealthy at once', '-', ['unhealthy']],
    ['is healthy again after as many passes in a row', '-++-+++', [...Array(6).fill('unhealthy'), 'healthy']],
    ['forgives what fails once', '+++-+-', ['initial', 'initial', ...Array(4).fill('healthy')]],
    ['drains once it has failed in a row', '+++--', ['initial', 'initial', 'healthy', 'healthy', 'unhealthy.draining']],
  ])('%s', (_, checks, expected) => expect(states(checks)).toEqual(expected));
});

describe('new connections go', () => {
  const target = (state: TargetState) => ({ state });

  test('to healthy targets alone', () => {
    const healthy = target('healthy');
    expect(eligible([target('initial'), target('unhealthy'), target('unhealthy.draining'), healthy])).toEqual([
      healthy,
    ]);
  });

  test('to all while none is healthy', () => {
    const targets = [target('initial'), target('unhealthy')];
    expect(eligible(targets)).toBe(targets);
  });

  test('to each about as often, by the port of the client', () => {
    const counts = [0, 0, 0];
    for (let port = 32768; port < 32768 + 3000; port += 1)
      counts[pick([0, 1, 2], { address: '172.17.0.1', port })]! += 1;
    for (const count of counts) expect(count).toBeGreaterThan(800);
  });

  test('of one client to the same, while it is there', () => {
    const client = { address: '172.17.0.1', port: 40000 };
    expect(pick(['a', 'b', 'c'], client)).toBe(pick(['a', 'b', 'c'], client));
  });
});
