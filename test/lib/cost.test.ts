import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readConfig } from '../../lib/config';
import { CERTIFICATE, EXISTING } from '../../scripts/option-sets';
import { costPerHour, PRICES, totalOf } from '../../lib/cost';

const config = (context: object = {}) =>
  readConfig({ amiId: 'ami-0123456789abcdef0', ...context }, { account: '123456789012', region: 'eu-west-1' });

test('docs/aws.md shows the same figures', () => {
  const text = readFileSync(join(__dirname, '../../docs/aws.md'), 'utf8');
  const lines = costPerHour(config())!;
  for (const { what, dollarsPerHour } of lines) {
    expect(text).toMatch(new RegExp(`\\| ${what}\\s+\\| ${dollarsPerHour.toFixed(4)}\\s+\\|`));
  }
  expect(text).toMatch(
    new RegExp(`\\| together\\s+\\| ${totalOf(lines).toFixed(4)}\\s+\\| ${Math.round(totalOf(lines) * 730)}\\s+\\|`),
  );
  expect(text).toContain(PRICES.readIn);
  expect(text).toContain(`${PRICES.natGatewayGb} $ for each GB`);
  expect(text).toContain(`${PRICES.snapshotGbMonth} $ a month for each GB`);
});

test('docs/network.md shows what each way out costs', () => {
  const text = readFileSync(join(__dirname, '../../docs/network.md'), 'utf8');
  const without = totalOf(costPerHour(config(EXISTING))!);
  for (const egress of ['nat-gateway', 'nat-instance', 'endpoints']) {
    for (const egressZones of [1, 3]) {
      // Half a dollar is rounded up, as in the table, whatever the last bit says.
      const dollars = Math.round((totalOf(costPerHour(config({ egress, egressZones }))!) - without) * 730 + 1e-6);
      const row = text.split('\n').find((line) => line.startsWith(`| \`${egress}\``))!;
      expect(row.split('|').map((cell) => cell.trim())).toContain(String(dollars));
    }
  }
  expect(text).toContain(PRICES.readIn);
});

test('docs/network.md shows what a load balancer costs', () => {
  const text = readFileSync(join(__dirname, '../../docs/network.md'), 'utf8').replace(/\s+/g, ' ');
  const monthly = (loadBalancer: string): number => {
    const front = {
      ...{ loadBalancer, loadBalancerCidrs: '0.0.0.0/0', loadBalancerCertificateArn: CERTIFICATE },
    };
    return (totalOf(costPerHour(config(front))!) - totalOf(costPerHour(config())!)) * 730;
  };
  const zone = Math.round((monthly('public') - monthly('internal')) / 3);
  expect(text).toContain(
    `some $${Math.round(monthly('internal'))} a month without traffic, and a public one $${zone} more for each zone`,
  );
});

test('more nodes cost more, and another instance type is not guessed', () => {
  expect(totalOf(costPerHour(config({ workers: 3 }))!)).toBeGreaterThan(totalOf(costPerHour(config())!));
  expect(costPerHour(config({ instanceType: 'm7i.large' }))).toBeUndefined();
});
