import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');
// The program is compiled when it starts.
jest.setTimeout(60_000);

test('the CDK app takes its stage from METALS_STAGE', () => {
  const { status, stderr } = spawnSync(join(ROOT, 'node_modules/.bin/tsx'), ['bin/app.ts'], {
    cwd: ROOT,
    encoding: 'utf8',
    env: {
      PATH: process.env.PATH,
      METALS_STAGE: 'Not_A_Stage',
      CDK_CONTEXT_JSON: JSON.stringify({ account: '123456789012', region: 'eu-west-1' }),
    },
  });
  expect(stderr).toContain('METALS_STAGE: got "Not_A_Stage", expected up to 16 lowercase letters');
  expect(status).toBe(1);
});
