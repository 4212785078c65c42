/** .lab/: the lab's secret and the environment that leads the AWS tools to it. */
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { LAB_ACCOUNT_ID, LAB_REGION } from '../contract';
import { endpointUrl, type LabOptions } from './options';
import { LAB_DIRECTORY } from './paths';

export const SECRET_FILE = path.join(LAB_DIRECTORY, 'secret');
export const ENV_FILE = path.join(LAB_DIRECTORY, 'env');

export type LabEnvironment = Readonly<Record<string, string>>;

/** Pure: what every AWS tool needs to talk to the lab. */
export const labEnvironment = (options: LabOptions, secretAccessKey: string): Record<string, string> => ({
  AWS_ENDPOINT_URL: endpointUrl(options),
  AWS_ACCESS_KEY_ID: LAB_ACCOUNT_ID,
  AWS_SECRET_ACCESS_KEY: secretAccessKey,
  AWS_REGION: LAB_REGION,
  AWS_DEFAULT_REGION: LAB_REGION,
  METALS_STAGE: 'lab',
  METALS_PRODUCER_URL: `http://127.0.0.1:${options.producerPort}`,
  METALS_PROCESSOR_URL: `http://127.0.0.1:${options.processorPort}`,
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
});

/** Variables that would lead past the lab, or in with other credentials. */
export const FOREIGN_VARIABLES = ['AWS_PROFILE', 'AWS_DEFAULT_PROFILE', 'AWS_SESSION_TOKEN', 'AWS_SECURITY_TOKEN'];

/** Pure: the file that a shell sources. Values hold no quotes: they are addresses, names and base64url. */
export const envFileText = (environment: Readonly<Record<string, string>>): string =>
  [
    '# Leads cdk, the AWS CLI and SDKs to the lab. Use: . .lab/env',
    `unset ${FOREIGN_VARIABLES.join(' ')}`,
    ...Object.entries(environment).map(([name, value]) => `export ${name}='${value}'`),
    '',
  ].join('\n');

/** Writes both files, keeping a secret that is there. Returns the environment. */
export function writeLabFiles(options: LabOptions, extra: Readonly<Record<string, string>>): LabEnvironment {
  mkdirSync(LAB_DIRECTORY, { recursive: true, mode: 0o700 });
  chmodSync(LAB_DIRECTORY, 0o700);
  const environment = { ...labEnvironment(options, ensureSecret()), ...extra };
  writeWhole(ENV_FILE, envFileText(environment));
  return environment;
}

function ensureSecret(): string {
  const found = existsSync(SECRET_FILE) ? readFileSync(SECRET_FILE, 'utf8').trim() : '';
  if (found.length >= 40) return found;
  const secret = randomBytes(32).toString('base64url');
  writeWhole(SECRET_FILE, `${secret}\n`);
  return secret;
}

/** An interruption leaves the old file or the new one, never half of it. */
function writeWhole(file: string, text: string): void {
  writeFileSync(`${file}.new`, text, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
