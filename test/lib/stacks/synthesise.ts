import { gunzipSync } from 'node:zlib';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { context } from '../../../cdk.json';
import { createStacks } from '../../../lib/app';
import { readConfig } from '../../../lib/config';

export const AMI = 'ami-0123456789abcdef0';

/** The four stacks of stage `test`, with these settings of lib/config.ts. It takes seconds. */
export function stacksOf(overrides: Record<string, unknown> = {}) {
  const config = readConfig(
    { account: '123456789012', region: 'eu-west-1', amiId: AMI, stage: 'test', ...overrides },
    {},
  );
  return createStacks(new App({ context }), config);
}

/** Their templates. */
export function synthesise(overrides: Record<string, unknown> = {}) {
  const stacks = stacksOf(overrides);
  return {
    network: Template.fromStack(stacks.network),
    data: Template.fromStack(stacks.data),
    swarm: Template.fromStack(stacks.swarm),
    pipeline: Template.fromStack(stacks.pipeline),
  };
}

/** User data is packed: here it can be read. */
const unpacked = (json: string): string =>
  json.replace(/gunzip\\n((?:[A-Za-z0-9+/=]+\\n)+)/g, (_, packed: string) => {
    const text = gunzipSync(Buffer.from(packed.replaceAll('\\n', ''), 'base64')).toString();
    return `gunzip\\n${JSON.stringify(text).slice(1, -1)}\\n`;
  });

/** Hashes of assets and generated names change with every line of code; what they stand for does not. */
export const masked = (template: Template): unknown =>
  JSON.parse(
    unpacked(JSON.stringify(template.toJSON()))
      .replace(/[0-9a-f]{64}/g, '<hash>')
      .replace(/runCommand":\["[\s\S]*?(?<!\\)"\]/g, 'runCommand":["<script>"]'),
  );
