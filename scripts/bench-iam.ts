/**
 * Prints how much CPU a judgement of IAM takes, in µs per call: `tsx scripts/bench-iam.ts`. Under the product's own policies,
 * in this process: where the lab asks its emulator for policies, tags or the ARN of a secret, that comes on top.
 */
import { Authorizer } from '../lib/lab/gateway/authorization/authorizer';
import type { OperationCall } from '../lib/lab/gateway/authorization/operation';
import { instancePrincipal } from '../lib/lab/gateway/authorization/principal';
import { NO_LOOKUPS } from '../test/lib/lab/gateway/authorization/support/lookups';
import { synthesise } from '../test/lib/lab/gateway/authorization/support/synthesised';

const ROUNDS = 500;

const { policies, idsOf, role } = synthesise();
const secretArn = idsOf('Custom::KeptSecret')[0];
const policiesOf = async (name: string) => policies.get(name) ?? [];
const call: OperationCall = {
  service: 'secretsmanager',
  operation: 'GetSecretValue',
  params: { SecretId: secretArn },
  method: 'POST',
  path: '/',
  query: new URLSearchParams(),
  targetPrefix: 'secretsmanager',
};

const authorizer = new Authorizer({
  mode: 'enforce',
  policies: { of: policiesOf, stated: policiesOf },
  lookups: { ...NO_LOOKUPS, secretArn: async () => secretArn },
  tagsOf: async () => ({}),
  recording: { add: () => undefined },
  log: () => undefined,
});

/** Judges one call so often; what is expected of every one is checked, so that nothing else is measured. */
async function measure(name: string, roleOf: 'RolesManager' | 'RolesWorker', instanceOf: (round: number) => string) {
  const started = process.cpuUsage();
  for (let round = 0; round < ROUNDS; round += 1) {
    const isAllowed = await authorizer.authorize(instancePrincipal(role(roleOf), instanceOf(round)), call).then(
      () => true,
      () => false,
    );
    if (isAllowed !== (roleOf === 'RolesManager')) throw new Error(`${name}: allowed is ${isAllowed}`);
  }
  const { user, system } = process.cpuUsage(started);
  process.stdout.write(`${name}: ${((user + system) / ROUNDS).toFixed(0)} µs\n`);
}

async function main(): Promise<void> {
  const one = (): string => 'i-00000000000000000';
  // The first decision reads the simulator and its data.
  await authorizer.authorize(instancePrincipal(role('RolesManager'), one()), call);
  await measure('allowed, remembered', 'RolesManager', one);
  // Each instance is a principal of its own, about which nothing is remembered.
  await measure('allowed, decided anew', 'RolesManager', (round) => `i-${round.toString(16).padStart(17, '1')}`);
  await measure('denied, decided anew', 'RolesWorker', (round) => `i-${round.toString(16).padStart(17, '2')}`);
}

void main();
