/** Bundles of the stack that differ from the deployed one, as files in S3 that a manager may read. */
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as tar from 'tar';
import { parseDocument } from 'yaml';
import { needs } from '../../../lib/constructs/stack-bundle';
import { assetPrefix } from '../../../lib/contract';
import { instanceOfSlot } from './instances';
import { run } from './run';
import { stage } from './secrets';

const MANAGER = 'manager-1';
const IN_NODE = '/tmp/metals-lab-bundle.tar.gz';

/** What names a bundle in the parameters of stack-deploy. */
export interface BundleParameters {
  readonly BundleKey: string;
  readonly BundleSha256: string;
}

/** Changes one value of the stack file; the rest, comments included, stays as it is. */
export function setInStack(folder: string, keys: readonly (string | number)[], value: unknown): void {
  const file = path.join(folder, 'stack.yml');
  // As Docker reads it: `mode: 0440` is octal, and must still be afterwards.
  const document = parseDocument(readFileSync(file, 'utf8'), { version: '1.1' });
  document.setIn(keys, value);
  writeFileSync(file, document.toString({ lineWidth: 0 }));
}

/** Uploads with the test's own credentials, by the AWS CLI of a node: nothing else here can put an object. */
async function upload(archive: string, key: string, bucket: string): Promise<void> {
  const { container } = await instanceOfSlot(stage(), MANAGER);
  await run('docker', ['cp', archive, `${container}:${IN_NODE}`]);
  // Values come from the environment: `-e NAME` alone puts none of them among the arguments.
  const names = [
    'AWS_ACCESS_KEY_ID',
    'AWS_SECRET_ACCESS_KEY',
    ...(process.env.AWS_SESSION_TOKEN ? ['AWS_SESSION_TOKEN'] : []),
  ];
  const settings = ['AWS_ENDPOINT_URL=http://127.0.0.1:4566', `AWS_DEFAULT_REGION=${process.env.AWS_REGION}`];
  const environment = [...names, ...settings].flatMap((one) => ['-e', one]);
  const copy = ['aws', 's3', 'cp', '--only-show-errors', IN_NODE, `s3://${bucket}/${key}`];
  await run('docker', ['exec', ...environment, container, ...copy]);
  await run('docker', ['exec', container, 'rm', IN_NODE]);
}

/** A bundle that is deployed, with its files in a folder here: a node keeps those of the last few alone. */
export interface DeployedBundle {
  readonly bucket: string;
  readonly folder: string;
}

/** The files of a bundle that was deployed a moment ago; the caller removes the folder. */
export async function deployedBundle(parameters: Readonly<Record<string, string>>): Promise<DeployedBundle> {
  const { container } = await instanceOfSlot(stage(), MANAGER);
  const folder = mkdtempSync(path.join(tmpdir(), 'metals-lab-deployed-'));
  const release = `/var/lib/metals/releases/${parameters.BundleSha256!.slice(0, 12)}`;
  await run('docker', ['cp', `${container}:${release}/.`, folder]);
  rmSync(path.join(folder, 'setup.rendered.yml'), { force: true });
  return { bucket: parameters.BundleBucket!, folder };
}

/** The same after a change, with the needs that follow from it. */
export async function changedBundle(
  { bucket, folder: deployed }: DeployedBundle,
  change: (folder: string) => void,
): Promise<BundleParameters> {
  const folder = mkdtempSync(path.join(tmpdir(), 'metals-lab-bundle-'));
  try {
    const files = path.join(folder, 'files');
    cpSync(deployed, files, { recursive: true });
    change(files);
    const settings = readFileSync(path.join(files, 'settings.env'), 'utf8').trim().split('\n');
    const variables = Object.fromEntries(settings.map((line) => line.split('=') as [string, string]));
    writeFileSync(path.join(files, 'needs.json'), needs(variables, files));
    const archive = path.join(folder, 'bundle.tar.gz');
    tar.create({ file: archive, cwd: files, sync: true, gzip: true, portable: true, noMtime: true }, ['.']);
    const BundleSha256 = createHash('sha256').update(readFileSync(archive)).digest('hex');
    const BundleKey = `${assetPrefix(stage())}lab-test-${BundleSha256.slice(0, 12)}.tar.gz`;
    await upload(archive, BundleKey, bucket);
    return { BundleKey, BundleSha256 };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
