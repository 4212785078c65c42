/** Another version in the template that is deployed. */
import {
  CloudFormationClient,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import { mockClient } from 'aws-sdk-client-mock';
import {
  awaitUpdate,
  beginUpdate,
  firstFailure,
  MOST_TEMPLATE_BYTES,
  withVersion,
} from '../../../lib/cli/pipeline-update';
import { synthesise } from '../stacks/synthesise';

const client = mockClient(CloudFormationClient);
const cloudFormation = new CloudFormationClient({ region: 'eu-west-1' });
beforeEach(() => client.reset());

const TO = { BundleKey: 'metals/lab/b.gz', BundleSha256: 'b'.repeat(64), Images: 'edge=r:1,producer=r:2', Stage: 'x' };

describe('the template', () => {
  const before = synthesise({}).pipeline.toJSON() as Record<string, any>;
  const after = JSON.parse(withVersion(JSON.stringify(before), TO)) as Record<string, any>;
  const resource = (template: Record<string, any>, start: string): any =>
    template.Resources[Object.keys(template.Resources as object).find((id) => id.startsWith(start))!].Properties;

  test('has the version in all that send it, or send it again', () => {
    const { BundleKey, BundleSha256, Images } = TO;
    expect(resource(after, 'Runstackdeploy').Parameters).toMatchObject({ BundleKey, BundleSha256, Images });
    expect(resource(after, 'Runnodeprepare').Parameters).toMatchObject({ Images });
    expect(resource(after, 'Reprepare').Parameters).toMatchObject({ Images: [Images], Serving: ['yes'] });
    expect(resource(after, 'Rotate').Parameters).toMatchObject({ BundleKey: [BundleKey], Images: [Images] });
  });

  test('is the same in all else', () => {
    const back = withVersion(JSON.stringify(before), { BundleKey: '', BundleSha256: '', Images: '' });
    expect(withVersion(JSON.stringify(after), { BundleKey: '', BundleSha256: '', Images: '' })).toBe(back);
    expect(resource(after, 'Runstackdeploy').Parameters.Stage).toBe(
      resource(before, 'Runstackdeploy').Parameters.Stage,
    );
  });

  test('of the largest cluster is sent with the call', () => {
    const largest = synthesise({ managers: 5, workers: 20, kafkaBrokers: 3 }).pipeline.toJSON();
    expect(Buffer.byteLength(withVersion(JSON.stringify(largest), TO))).toBeLessThan(MOST_TEMPLATE_BYTES);
  });

  test('of something else is refused', () => {
    expect(() => withVersion('{"Resources":{"A":{"Images":"x"}}}', TO)).toThrow('has no BundleKey, BundleSha256');
  });
});

describe('the update', () => {
  const inStatus = (StackStatus: string) => ({
    Stacks: [
      { StackName: 's', CreationTime: new Date(), StackStatus, Capabilities: [], Parameters: [{ ParameterKey: 'P' }] },
    ],
  });

  test('keeps parameters, and is known by its token', async () => {
    client.on(DescribeStacksCommand).resolves(inStatus('UPDATE_COMPLETE') as never);
    client.on(UpdateStackCommand).resolves({});
    const token = await beginUpdate(cloudFormation, 's', '{}');
    expect(client.commandCalls(UpdateStackCommand)[0]!.args[0].input).toMatchObject({
      Parameters: [{ ParameterKey: 'P', UsePreviousValue: true }],
      ClientRequestToken: token,
    });
  });

  test('is none where the stack has that version', async () => {
    client.on(DescribeStacksCommand).resolves(inStatus('UPDATE_COMPLETE') as never);
    client.on(UpdateStackCommand).rejects(new Error('No updates are to be performed.'));
    expect(await beginUpdate(cloudFormation, 's', '{}')).toBeUndefined();
  });

  test('ends with the cause that came first, of its own events', async () => {
    client
      .on(DescribeStacksCommand)
      .resolvesOnce(inStatus('UPDATE_IN_PROGRESS') as never)
      .resolves(inStatus('UPDATE_ROLLBACK_COMPLETE') as never);
    const event = (id: string, ResourceStatus: string, reason: string, ClientRequestToken = 't') => ({
      ...{ LogicalResourceId: id, ResourceStatus, ResourceStatusReason: reason, ClientRequestToken },
    });
    client.on(DescribeStackEventsCommand).resolves({
      StackEvents: [
        event('s', 'UPDATE_ROLLBACK_COMPLETE', ''),
        event('Rotate', 'UPDATE_FAILED', 'Resource update cancelled'),
        event('Runstackdeploy', 'UPDATE_FAILED', 'no room for kafka'),
        event('Old', 'CREATE_FAILED', 'of last year', 'other'),
      ] as never,
    });
    const waited: string[] = [];
    const onWait = (reason: string) => waited.push(reason);
    expect(await awaitUpdate(cloudFormation, 's', 't', { timeoutSeconds: 30, onWait })).toEqual({
      status: 'UPDATE_ROLLBACK_COMPLETE',
      reason: 'Runstackdeploy: no room for kafka',
    });
    expect(waited).toEqual(['s: UPDATE_ROLLBACK_COMPLETE']);
  });

  test('is over when only the cleanup is left', async () => {
    client.on(DescribeStacksCommand).resolves(inStatus('UPDATE_COMPLETE_CLEANUP_IN_PROGRESS') as never);
    client.on(DescribeStackEventsCommand).resolves({ StackEvents: [] });
    expect(await awaitUpdate(cloudFormation, 's', 't', { timeoutSeconds: 5, onWait: () => undefined })).toEqual({
      status: 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS',
      reason: '',
    });
  });

  test('that failed for no reason says so', () => {
    expect(firstFailure([{ LogicalResourceId: 'A', ResourceStatus: 'UPDATE_FAILED' } as never])).toBe(
      'A: no reason given',
    );
  });
});
