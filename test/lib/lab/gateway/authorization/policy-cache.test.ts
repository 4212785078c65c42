import type { NamedPolicy, RolePolicies } from '../../../../../lib/lab/gateway/authorization/policies';
import { PolicyCache } from '../../../../../lib/lab/gateway/authorization/policy-cache';

const policy = (name: string, action: string): NamedPolicy => ({ name, policy: { Action: action } });
const actions = (policies: readonly NamedPolicy[]) =>
  policies.map((each) => (each.policy as { Action: string }).Action);

describe('policies in effect', () => {
  let now: number;
  let stated: RolePolicies;
  let reads: number;
  const cache = (delayMilliseconds: number) =>
    new PolicyCache({
      read: async () => {
        reads += 1;
        return stated;
      },
      effectiveAfterMilliseconds: () => delayMilliseconds,
      now: () => now,
    });

  beforeEach(() => {
    now = 0;
    reads = 0;
    stated = new Map([['role', [policy('p', 'old')]]]);
  });

  it('are read every two seconds, and at once when asked for', async () => {
    const policies = cache(0);
    for (now = 0; now <= 2000; now += 100) await policies.of('role');
    expect(reads).toBe(1);
    now = 2001;
    await policies.of('role');
    expect(reads).toBe(2);
    stated = new Map([['role', [policy('p', 'new')]]]);
    expect(actions(await policies.of('role'))).toEqual(['old']);
    expect(actions(await policies.of('role', true))).toEqual(['new']);
  });

  it('are none for a role that does not exist', async () => {
    expect(await cache(0).of('nobody')).toEqual([]);
  });

  it('are an error for a role whose policies cannot be read, and for no other', async () => {
    stated = new Map<string, NamedPolicy[] | Error>([
      ['role', [policy('p', 'old')]],
      ['broken', new Error('cannot be read')],
    ]);
    const policies = cache(5000);
    await expect(policies.of('broken')).rejects.toThrow('cannot be read');
    expect(actions(await policies.of('role'))).toEqual(['old']);
  });

  it('are asked for again after a failure', async () => {
    const failing = new PolicyCache({
      read: async () => {
        reads += 1;
        if (reads === 1) throw new Error('not yet');
        return stated;
      },
      effectiveAfterMilliseconds: () => 0,
      now: () => now,
    });
    await expect(failing.of('role')).rejects.toThrow('not yet');
    expect(actions(await failing.of('role'))).toEqual(['old']);
  });

  it('change only a while after they were changed; what was there from the start is in effect', async () => {
    const policies = cache(5000);
    expect(actions(await policies.of('role'))).toEqual(['old']);
    stated = new Map([['role', [policy('p', 'new'), policy('q', 'added')]]]);
    now = 2000;
    expect(actions(await policies.of('role', true))).toEqual(['old']);
    expect(actions(await policies.stated('role'))).toEqual(['new', 'added']);
    // Changed once more while the first change is waited for: the oldest is still in effect.
    stated = new Map([['role', [policy('p', 'newest'), policy('q', 'added')]]]);
    now = 4000;
    expect(actions(await policies.of('role', true))).toEqual(['old']);
    now = 7000;
    expect(actions(await policies.of('role', true))).toEqual(['old', 'added']);
    now = 9000;
    expect(actions(await policies.of('role', true))).toEqual(['newest', 'added']);
  });

  it('are those of a new role at once, because CloudFormation waits for it, and later ones of it after a while', async () => {
    const policies = cache(5000);
    await policies.of('role');
    stated = new Map([['new', [policy('p', 'own')]]]);
    expect(actions(await policies.of('new', true))).toEqual(['own']);
    stated = new Map([['new', [policy('p', 'own'), policy('q', 'added')]]]);
    expect(actions(await policies.of('new', true))).toEqual(['own']);
    now = 5000;
    expect(actions(await policies.of('new', true))).toEqual(['own', 'added']);
  });

  it('have one delay for each change, however often they are looked at', async () => {
    const delays = [3000, 9000];
    const policies = new PolicyCache({
      read: async () => stated,
      effectiveAfterMilliseconds: () => delays.shift()!,
      now: () => now,
    });
    await policies.of('role');
    stated = new Map([['role', [policy('p', 'new')]]]);
    for (now = 1; now <= 3000; now += 100) expect(actions(await policies.of('role', true))).toEqual(['old']);
    now = 3001;
    expect(actions(await policies.of('role', true))).toEqual(['new']);
    expect(delays).toEqual([9000]);
  });

  it('are not taken back by an answer that a later one has overtaken', async () => {
    const answers: ((stated: RolePolicies) => void)[] = [];
    const policies = new PolicyCache({
      read: () => new Promise((resolve) => answers.push(resolve)),
      effectiveAfterMilliseconds: () => 5000,
      now: () => now,
    });
    const first = policies.of('role');
    answers[0]!(stated);
    await first;
    const [late, early] = [policies.of('role', true), policies.of('role', true)];
    const granted: RolePolicies = new Map([['role', [policy('p', 'old'), policy('q', 'added')]]]);
    answers[2]!(granted);
    await early;
    answers[1]!(stated);
    await late;
    now = 5000;
    const last = policies.of('role', true);
    answers[3]!(granted);
    expect(actions(await last)).toEqual(['old', 'added']);
  });

  it('take effect at their time without another look at IAM', async () => {
    const policies = cache(500);
    await policies.of('role');
    stated = new Map([['role', [policy('q', 'added')]]]);
    expect(actions(await policies.of('role', true))).toEqual([]);
    now = 500;
    expect(actions(await policies.of('role'))).toEqual(['added']);
    expect(reads).toBe(2);
  });
});
