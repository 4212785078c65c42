/** The last deployment once more, whatever has changed since. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import {
  DescribeAssociationCommand,
  ListAssociationsCommand,
  SendCommandCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { redeploy } from '../../../lib/cli/commands/redeploy';
import { readContext } from '../../../lib/cli/context';
import { rotationAssociation } from '../../../lib/contract';
import { commandsEnd, documentsAre, managerTakesCommands } from './fake-commands';
import { fakeIo, LAB_ENV } from './fake-io';
import { parseBySchema } from './schemas';

const ssm = mockClient(SSMClient);
const SWARM_EVIDENCE = JSON.parse(readFileSync(join(__dirname, 'doctor/recorded/swarm.json'), 'utf8')) as object;

beforeEach(() => {
  ssm.reset();
  documentsAre(ssm, 'metals-lab-stack-deploy', 'metals-lab-swarm-evidence');
  managerTakesCommands(ssm);
  commandsEnd(ssm, 'Success', '');
  const AssociationName = rotationAssociation('lab');
  ssm.on(ListAssociationsCommand).resolves({ Associations: [{ AssociationName, AssociationId: 'a-1' }] });
  ssm.on(DescribeAssociationCommand).resolves({
    AssociationDescription: { Parameters: { Stage: ['lab'], BundleSha256: ['abc'], OnlyWhen: ['secrets-changed'] } },
  });
});

async function run(json = false, dryRun = false) {
  const io = fakeIo(LAB_ENV, false);
  const context = readContext({ json, color: true }, io, new AbortController().signal);
  const result = await redeploy(context, { dryRun }).then(
    (code) => ({ code, error: undefined }),
    (error: { why: string; code: string; next: string[] }) => ({ code: undefined, error }),
  );
  return { ...result, out: io.out(), err: io.err(), leftBehind: context.leaveBehind };
}

test('the same parameters, but for the condition of the association', async () => {
  const { code, err, leftBehind } = await run();
  expect({ code, leftBehind }).toEqual({ code: 0, leftBehind: [] });
  expect(ssm.commandCalls(SendCommandCommand)[0]!.args[0].input).toMatchObject({
    DocumentName: 'metals-lab-stack-deploy',
    Parameters: { Stage: ['lab'], BundleSha256: ['abc'], OnlyWhen: ['always'] },
  });
  expect(err).toContain('the Swarm is as it was deployed last; next: ./bin/metals smoke-test');
  expect(parseBySchema('redeploy', (await run(true)).out)).toEqual({
    stage: 'lab',
    redeployed: true,
    version: expect.stringMatching(/^[0-9a-f]{12}$/),
    changed_by_hand: null,
    command_id: 'c-1',
  });
});

describe('--dry-run', () => {
  const evidenceIs = (drift: object[]): void => {
    const evidence = gzipSync(JSON.stringify({ ...SWARM_EVIDENCE, drift })).toString('base64');
    commandsEnd(ssm, 'Success', JSON.stringify({ packed: evidence }));
  };
  const documents = () => ssm.commandCalls(SendCommandCommand).map(({ args: [{ input }] }) => input.DocumentName);

  test('says what was changed by hand, and changes nothing', async () => {
    evidenceIs([
      { service: 'edge', what: 'image', is: 'r@sha256:1', deployed: 'r@sha256:2' },
      { service: 'processor', what: 'service', is: null, deployed: null },
    ]);
    const { code, out, err } = await run(false, true);
    expect({ code, out }).toEqual({ code: 0, out: 'edge: image r@sha256:1 → r@sha256:2\nprocessor is not there\n' });
    expect(err).toMatch(
      /version \w{12} would be deployed once more; it would put back what is above; nothing was changed\n$/,
    );
    expect(documents()).toEqual(['metals-lab-swarm-evidence']);
    expect(parseBySchema('redeploy', (await run(true, true)).out)).toMatchObject({
      redeployed: false,
      command_id: null,
    });
  });

  test('says so where nothing was', async () => {
    evidenceIs([]);
    expect((await run(false, true)).err).toContain('no image or config was changed by hand; nothing was changed');
  });
});

test('a failure tells the cause, and how to go on', async () => {
  commandsEnd(ssm, 'Failed', '', 'error: no room for kafka');
  const { error } = await run();
  expect(error).toMatchObject({ code: 'document-failed', next: expect.arrayContaining(['./bin/metals doctor']) });
  expect(error!.why).toContain('no room for kafka');
});

test('where nothing is known of a deployment it says so, and sends nothing', async () => {
  ssm.on(ListAssociationsCommand).resolves({ Associations: [] });
  expect((await run()).error).toMatchObject({ code: 'other-version' });
  expect(ssm.commandCalls(SendCommandCommand)).toEqual([]);
});
