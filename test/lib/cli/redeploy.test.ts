/** The last deployment once more, whatever has changed since. */
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

beforeEach(() => {
  ssm.reset();
  documentsAre(ssm, 'metals-lab-stack-deploy');
  managerTakesCommands(ssm);
  commandsEnd(ssm, 'Success', '');
  const AssociationName = rotationAssociation('lab');
  ssm.on(ListAssociationsCommand).resolves({ Associations: [{ AssociationName, AssociationId: 'a-1' }] });
  ssm.on(DescribeAssociationCommand).resolves({
    AssociationDescription: { Parameters: { Stage: ['lab'], BundleSha256: ['abc'], OnlyWhen: ['secrets-changed'] } },
  });
});

async function run(json = false) {
  const io = fakeIo(LAB_ENV, false);
  const context = readContext({ json, color: true }, io, new AbortController().signal);
  const result = await redeploy(context).then(
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
    command_id: 'c-1',
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
