/** Makes the build context of the lab's `aws` image: bundled on the host, so that the image build needs no npm. */
import fs from 'node:fs';
import path from 'node:path';
import { build, type BuildOptions } from 'esbuild';
import { REPOSITORY } from '../../repository';
import { copyIamData, readIamDataBesideBundle } from './authorization/bundle-data';

const ASSETS = path.join(REPOSITORY, 'assets/lab/aws');

/** What Lambdas of CDK and of the app require and Amazon's runtimes bring along. */
const LAMBDA_CLIENTS = [
  '@aws-sdk/client-cloudformation',
  '@aws-sdk/client-ec2',
  '@aws-sdk/client-lambda',
  '@aws-sdk/client-secrets-manager',
  '@aws-sdk/client-sfn',
  '@aws-sdk/client-ssm',
];

const COMMON = {
  absWorkingDir: REPOSITORY,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  legalComments: 'none',
  logLevel: 'error',
} as const satisfies BuildOptions;

/** Fills an empty or new directory: Dockerfile, entrypoint, gateway.js with IAM's data, and the clients for Lambdas. */
export async function prepareAwsContext(directory: string): Promise<void> {
  fs.mkdirSync(directory, { recursive: true });
  // Python's own copies of its modules differ from machine to machine.
  const filter = (source: string): boolean => path.basename(source) !== '__pycache__';
  fs.cpSync(ASSETS, directory, { recursive: true, filter });
  await build({
    ...COMMON,
    entryPoints: [path.join(REPOSITORY, 'lib/lab/gateway/main.ts')],
    outfile: path.join(directory, 'gateway.js'),
    // Names in stack traces are worth more than the few kilobytes.
    keepNames: true,
    plugins: [readIamDataBesideBundle],
  });
  copyIamData(directory);
  await Promise.all(
    LAMBDA_CLIENTS.map((name) =>
      build({
        ...COMMON,
        stdin: { contents: `module.exports = require('${name}');`, resolveDir: REPOSITORY },
        outfile: path.join(directory, 'lambda/node_modules', name, 'index.js'),
        minify: true,
      }),
    ),
  );
}
