/** What differs from what was deployed, and how to put it right. */
import { SSMClient } from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { validate } from '../../../lib/cli/commands/validate';
import { readContext } from '../../../lib/cli/context';
import { commandsEnd, documentsAre, managerTakesCommands } from './fake-commands';
import { fakeIo, LAB_ENV } from './fake-io';
import { parseBySchema } from './schemas';

const ssm = mockClient(SSMClient);
const check = (subject: string, actual: string) => ({
  subject,
  expected: 'is there',
  actual,
  ok: actual === 'is there',
});

async function run(checks: readonly object[], json = false) {
  ssm.reset();
  documentsAre(ssm, 'metals-lab-stack-validate');
  managerTakesCommands(ssm);
  commandsEnd(ssm, 'Success', JSON.stringify({ stage: 'lab', checks }));
  const io = fakeIo(LAB_ENV, false);
  const context = readContext({ json, color: true }, io, new AbortController().signal);
  const code = await validate(context);
  return { code, out: io.out(), err: io.err() };
}

test('all is as it should be', async () => {
  const { code, out, err } = await run([check('secret a', 'is there'), check('secret b', 'is there')]);
  expect({ code, out }).toEqual({ code: 0, out: '' });
  expect(err).toContain('2 of 2 are as they should be');
});

test('each difference, and what puts it right', async () => {
  const checks = [check('secret a', 'is there'), check('topic b', 'is missing\u001b[2J')];
  const { code, out, err } = await run(checks);
  expect(code).toBe(3);
  expect(out).toMatch(/^differs +expected +is\ntopic b +is there +is missing\\x1b\[2J\n$/);
  expect(err).toContain('1 of 2 are as they should be\nnext: ./bin/metals redeploy ');
  expect(parseBySchema('validate', (await run(checks, true)).out)).toMatchObject({
    valid: false,
    checks: [{ ok: true }, { ok: false }],
  });
});
