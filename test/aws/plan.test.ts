import { CASES } from './cases';
import { describePlan, plannedConfig, refusal } from './plan';

const config = plannedConfig(
  'conformance',
  { account: '123456789012', region: 'eu-west-1' },
  { amiId: 'ami-0123456789abcdef0' },
);

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

test('the estimate is of what will be deployed: the settings of cdk.json count, its stage and data removal do not', () => {
  const where = { account: '123456789012', region: 'us-east-1' };
  const context = {
    ...{ stage: 'prod', dataRemoval: 'retain', '@aws-cdk/core:someFlag': true },
    ...{ workers: 5, instanceType: 't3.large', egressZones: 3, amiId: 'ami-0123456789abcdef0' },
  };
  const planned = plannedConfig('conformance', where, context);
  expect(planned).toMatchObject({
    ...{ stage: 'conformance', dataRemoval: 'destroy', amiId: context.amiId },
    ...{ workers: 5, instanceType: 't3.large', egressZones: 3 },
  });
  const cost = (lines: readonly string[]): string => lines.find((line) => line.startsWith('cost:'))!;
  expect(cost(describePlan(planned, CASES))).not.toBe(
    cost(describePlan(plannedConfig('conformance', where, { amiId: context.amiId }), CASES)),
  );
});
