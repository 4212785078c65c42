import { CASES } from './cases';
import { describePlan, refusal } from './plan';

const config = {
  account: '123456789012',
  region: 'eu-west-1',
  stage: 'conformance',
  managers: 1,
  workers: 2,
  instanceType: 't3.medium',
  dataVolumeGiB: 20,
  natGateways: 1,
};

test('the lab is refused, by its account and by its endpoint', () => {
  expect(refusal('000000000000', undefined)?.next).toBe('npm run test:lab');
  expect(refusal('123456789012', 'http://127.0.0.1:4566')?.next).toBe('unset AWS_ENDPOINT_URL');
  expect(refusal('123456789012', undefined)).toBeUndefined();
});

test('the plan names account, stage, cost and every excluded file with its reason', () => {
  const text = describePlan(config, CASES).join('\n');
  expect(text).toContain('deploys stage conformance in account 123456789012, eu-west-1');
  expect(text).toMatch(/cost: about \$0\.38 for 2 h/);
  for (const { file } of CASES) expect(text).toContain(file);
  expect(describePlan({ ...config, instanceType: 'm7i.large' }, CASES).join()).toContain('cost: unknown for m7i.large');
});
