/**
 * Nine bad versions, each sent as stack-deploy would be by a deployment. Each is refused, or taken back, with its own
 * cause, and no request fails meanwhile. Then two deployments at once. Some only by `--full`.
 */
import { DeleteSecretCommand, RestoreSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { CancelCommandCommand, ListCommandsCommand, SSMClient } from '@aws-sdk/client-ssm';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { documentName, secretName } from '../../lib/contract';
import { type CommandState, readCommand, runCommand, sendCommand } from '../../lib/ssm';
import { changedBundle, type DeployedBundle, deployedBundle, setInStack } from './support/bundles';
import { lastParameters, mustRunDocument, toSlot } from './support/commands';
import { inNode, manager, onManager } from './support/nodes';
import { probed } from './support/probed';
import { eventually } from './support/run';
import { stage } from './support/secrets';
import { inFullRun } from './support/sequences';

jest.setTimeout(600_000);

const ssm = new SSMClient({});
type Parameters = Readonly<Record<string, string>>;
/** What was deployed before, and serves. */
let good: Parameters;
let bundle: DeployedBundle;

const request = (parameters: Parameters) => toSlot(documentName(stage(), 'stack-deploy'), 'manager-1', parameters);
const told = (state: CommandState): string => state.invocations.map(({ stderr }) => stderr).join('\n');

/** Specifications of all services by name, and the names of all networks. */
async function deployed(): Promise<unknown> {
  const ids = (await onManager('service', 'ls', '-q')).trim().split('\n');
  const services = JSON.parse(await onManager('service', 'inspect', ...ids)) as { Spec: { Name: string } }[];
  const networks = (await onManager('network', 'ls', '--format', '{{.Name}}')).trim().split('\n').sort();
  // The users of the version that failed stay until the next deployment: its tasks may have been the last to use them.
  const specifications = services.map(({ Spec }) => [Spec.Name, JSON.stringify(Spec).replace(/METALS_RETIRE=\w+/, '')]);
  return { services: Object.fromEntries(specifications), networks };
}

/** A deployment that must fail: what it told. No request fails, and what was deployed before is deployed after it. */
async function mustFail(parameters: Parameters): Promise<string> {
  const before = await deployed();
  const { result, requests, failed } = await probed(() => runCommand(ssm, request({ ...good, ...parameters })));
  expect(result.status).toBe('Failed');
  expect(requests).toBeGreaterThan(3);
  expect(failed).toEqual([]);
  expect(await deployed()).toEqual(before);
  expect(told(result)).toContain('serving, asked on this node: GET http://127.0.0.1:8000/health: 200');
  return told(result);
}

/** As mustFail, of a version that is refused before anything changes. */
async function mustBeRefused(parameters: Parameters): Promise<string> {
  const text = await mustFail(parameters);
  expect(text).toContain('no service was changed');
  return text;
}

/** As mustFail, of a version that is deployed and does not converge; its evidence is where the text says. */
async function mustBeTakenBack(change: (folder: string) => void): Promise<string> {
  const text = await mustFail({ ...(await changedBundle(bundle, change)) });
  expect(text).toMatch(/the version before \(bundle [0-9a-f]{12}, with its configs and secrets\) was deployed again/);
  const folder = /^evidence: (\S+) on manager-1: aws ssm start-session --target i-/m.exec(text)?.[1] ?? '';
  const files = await inNode(await manager(), ['ls', folder]);
  for (const file of ['events.txt', 'services.json', 'state.json', 'tasks.json']) expect(files).toContain(file);
  expect(files).toMatch(/producer\.[0-9a-z]{12}\.log/);
  return text;
}

/** A producer that is found to be unhealthy after seconds instead of minutes. */
const IMPATIENT = { interval: '2s', timeout: '5s', retries: 3, start_period: '10s' };
const crashing = (folder: string): void =>
  setInStack(
    folder,
    ['services', 'producer', 'entrypoint'],
    ['node', '-e', 'console.error("crashes on purpose"); process.exit(3)'],
  );

beforeAll(async () => {
  good = await lastParameters('stack-deploy');
  // What serves is known from here on, also where an older version has deployed it.
  await mustRunDocument('stack-deploy', 'manager-1', good);
  bundle = await deployedBundle(good);
});

// Later tests deploy what was sent last.
afterAll(async () => {
  rmSync(bundle.folder, { recursive: true });
  await mustRunDocument('stack-deploy', 'manager-1', good);
});

test('1: an image that is missing', async () => {
  const Images = good.Images!.replace(/(producer=[^,]+):[^:,]+/, '$1:missing');
  expect(await mustBeRefused({ Images })).toMatch(/the image of producer is not on this node: \S+:missing/);
});

// In every run, 80-deploy has a version that never becomes healthy.
inFullRun('that only its tasks can tell', () => {
  test('2: an image that crashes', async () => {
    const text = await mustBeTakenBack(crashing);
    expect(text).toMatch(/service producer: \d of \d replicas/);
    expect(text).toContain('non-zero exit (3)');
    expect(text).toContain('crashes on purpose');
  });

  test('3: a health check that never passes', async () => {
    const text = await mustBeTakenBack((folder) =>
      setInStack(folder, ['services', 'producer', 'healthcheck'], {
        ...IMPATIENT,
        test: ['CMD', 'node', '-e', 'process.exit(1)'],
      }),
    );
    expect(text).toMatch(/service producer: \d of \d replicas/);
    expect(text).toMatch(/task .*unhealthy/);
  });

  test('4: a wrong password', async () => {
    const text = await mustBeTakenBack((folder) => {
      setInStack(folder, ['services', 'producer', 'secrets', 0, 'source'], 'kafka-password-processor');
      setInStack(folder, ['services', 'producer', 'healthcheck'], {
        ...IMPATIENT,
        test: ['CMD', 'node', '/app/healthcheck.js', '8000'],
      });
    });
    expect(text).toMatch(/service producer: \d of \d replicas/);
    expect(text).toMatch(/authentication/i);
  });
});

describe('5: a secret', () => {
  const client = new SecretsManagerClient({});
  const SecretId = secretName(stage(), 'api-key');

  afterAll(() => client.send(new RestoreSecretCommand({ SecretId })));

  test('that is missing', async () => {
    // The prober reads the key first.
    const before = await deployed();
    const { result, failed } = await probed(async () => {
      await client.send(new DeleteSecretCommand({ SecretId, RecoveryWindowInDays: 7 }));
      return runCommand(ssm, request(good));
    });
    expect(told(result)).toContain(`secret ${SecretId} is marked for deletion`);
    expect(told(result)).toContain(`aws secretsmanager restore-secret --secret-id ${SecretId}`);
    expect(told(result)).toContain('no service was changed');
    expect(failed).toEqual([]);
    expect(await deployed()).toEqual(before);
  });
});

test('6: a label that is missing', async () => {
  const changed = await changedBundle(bundle, (folder) =>
    setInStack(folder, ['services', 'processor', 'deploy', 'placement'], {
      constraints: ['node.role == worker', 'node.labels.metals.gpu == true'],
    }),
  );
  expect(await mustBeRefused({ ...changed })).toContain(
    'service processor may run on no node that is ready and active: none has node.labels.metals.gpu == true',
  );
});

test('7: a reservation larger than any node', async () => {
  const changed = await changedBundle(bundle, (folder) =>
    setInStack(folder, ['services', 'mongodb', 'deploy', 'resources', 'reservations', 'memory'], '640G'),
  );
  expect(await mustBeRefused({ ...changed })).toMatch(
    /service mongodb: no room for 1 of 1 tasks, each of 655360 MiB of memory and [\d.]+ CPUs: worker-\d lacks \d+ MiB/,
  );
});

describe('8: an overlay', () => {
  const OTHER = 'lab-test-stray';

  beforeAll(() => onManager('network', 'create', '--driver', 'overlay', '--subnet', '10.77.0.0/24', OTHER));
  afterAll(() => onManager('network', 'rm', OTHER));

  test('that overlaps another', async () => {
    const changed = await changedBundle(bundle, (folder) => {
      const file = path.join(folder, 'networks.json');
      const networks = JSON.parse(readFileSync(file, 'utf8')) as object[];
      const wanted = { name: 'metals-extra', subnet: '10.77.0.0/16', encrypted: true, internal: true };
      writeFileSync(file, JSON.stringify([...networks, wanted]));
    });
    const text = await mustBeRefused({ ...changed });
    expect(text).toContain(
      `network metals-extra cannot be made: its subnet 10.77.0.0/16 overlaps ${OTHER} (10.77.0.0/24, of no stack)`,
    );
    expect(text).toContain(`docker network rm ${OTHER}`);
  });
});

test('9: a bundle that was altered', async () => {
  const { BundleKey, BundleSha256 } = await changedBundle(bundle, crashing);
  const text = await mustBeRefused({ BundleKey });
  expect(text).toContain(`the bundle's SHA-256 is ${BundleSha256}, expected ${good.BundleSha256}; it was not unpacked`);
});

describe('two deployments at once', () => {
  const ended = (CommandId: string): Promise<void> =>
    eventually(`the end of ${CommandId}`, 240, async () => {
      const status = (await ssm.send(new ListCommandsCommand({ CommandId }))).Commands?.[0]?.Status ?? 'unknown';
      return ['Success', 'Failed', 'Cancelled', 'TimedOut'].includes(status) ? undefined : `it is ${status}`;
    });
  const holder = async (): Promise<string> => {
    const format = '{{index .Spec.Labels "com.metals.lease.command"}}';
    const names = await onManager('config', 'ls', '--format', '{{.Name}}');
    if (!names.split('\n').includes('metals-deploy-lease')) return '';
    return (await onManager('config', 'inspect', '--format', format, 'metals-deploy-lease')).trim();
  };

  /** A deployment that takes its time, once it has the lease. */
  async function slowDeployment(): Promise<string> {
    const id = await sendCommand(ssm, request({ ...good, ...(await changedBundle(bundle, crashing)) }));
    await eventually('the lease of the first deployment', 60, async () => {
      const found = await holder();
      return found === id ? undefined : `it is "${found}"`;
    });
    return id;
  }

  test('one that was cancelled leaves a lease that the next one of its node does not wait for', async () => {
    const CommandId = await slowDeployment();
    await ssm.send(new CancelCommandCommand({ CommandId }));
    await ended(CommandId);
    expect(await holder()).toBe(CommandId);
    await mustRunDocument('stack-deploy', 'manager-1', good);
    expect(await holder()).toBe('');
  });

  test('a lease of another manager is waited for until it is removed as the text says', async () => {
    const labels = { node: 'gone', slot: 'manager-2', instance: 'i-gone', document: 'stack-deploy' };
    const expires = String(Math.floor(Date.now() / 1000) + 300);
    const all = Object.entries({ ...labels, command: 'gone', expires });
    const options = all.flatMap(([name, value]) => ['--label', `com.metals.lease.${name}=${value}`]);
    const create = ['docker', 'config', 'create', ...options, 'metals-deploy-lease', '-'];
    await inNode(await manager(), create, 'lease');
    const refused = await runCommand(ssm, request(good));
    expect(told(refused)).toContain('another deployment is under way: stack-deploy on manager-2 (i-gone)');
    const remedy = /docker config rm metals-deploy-lease/.exec(told(refused))?.[0];
    await inNode(await manager(), remedy!.split(' '));
    await mustRunDocument('stack-deploy', 'manager-1', good);
  });

  inFullRun('while the first goes on', () => {
    test('the second is refused, with the first one’s id and how to take over; the first goes on', async () => {
      const first = await slowDeployment();
      const second = await runCommand(ssm, request(good));
      expect(second.status).toBe('Failed');
      expect(told(second)).toContain('another deployment is under way: stack-deploy on manager-1 (i-');
      expect(told(second)).toContain(`command ${first}, since`);
      expect(told(second)).toContain(`aws ssm cancel-command --command-id ${first}`);
      await ended(first);
      expect(told(await readCommand(ssm, first))).toContain('crashes on purpose');
      expect(await holder()).toBe('');
    });
  });
});
