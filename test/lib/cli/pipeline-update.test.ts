/** Another version in the template that is deployed. */
import {
  CloudFormationClient,
  CreateChangeSetCommand,
  DeleteChangeSetCommand,
  DescribeChangeSetCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
  GetTemplateCommand,
} from '@aws-sdk/client-cloudformation';
import { mockClient } from 'aws-sdk-client-mock';
import { awaitUpdate, beginUpdate, firstFailure, readStack, withVersion } from '../../../lib/cli/pipeline-update';
import { synthesise } from '../stacks/synthesise';

const client = mockClient(CloudFormationClient);
const cloudFormation = new CloudFormationClient({ region: 'eu-west-1' });
beforeEach(() => client.reset());

const TO = { BundleKey: 'metals/lab/b.gz', BundleSha256: 'b'.repeat(64), Images: 'edge=r:1,producer=r:2', Stage: 'x' };

describe('the template', () => {
  const before = synthesise({}).pipeline.toJSON() as Record<string, any>;
  const resource = (template: Record<string, any>, start: string): any =>
    template.Resources[Object.keys(template.Resources as object).find((id) => id.startsWith(start))!].Properties;
  const from = resource(before, 'Runstackdeploy').Parameters as Record<string, string>;
  const after = JSON.parse(withVersion(JSON.stringify(before), from, TO)!) as Record<string, any>;

  test('has the version in all that send it, or send it again', () => {
    const { BundleKey, BundleSha256, Images } = TO;
    expect(resource(after, 'Runstackdeploy').Parameters).toMatchObject({ BundleKey, BundleSha256, Images });
    expect(resource(after, 'Runnodeprepare').Parameters).toMatchObject({ Images });
    expect(resource(after, 'Reprepare').Parameters).toMatchObject({ Images: [Images], Serving: ['yes'] });
    expect(resource(after, 'Rotate').Parameters).toMatchObject({ BundleKey: [BundleKey], Images: [Images] });
  });

  test('is the same in all else', () => {
    const ways = ['Runstackdeploy', 'Runnodeprepare', 'Reprepare', 'Rotate'];
    const masked = (template: Record<string, any>): unknown => {
      const copy = structuredClone(template);
      for (const way of ways)
        for (const name of ['BundleKey', 'BundleSha256', 'Images']) delete resource(copy, way).Parameters[name];
      return copy;
    };
    expect(masked(after)).toEqual(masked(before));
  });

  test('that holds another version than is thought, or none, is left alone', () => {
    expect(withVersion(JSON.stringify(before), { ...from, BundleSha256: 'c'.repeat(64) }, TO)).toBeUndefined();
    expect(withVersion('{"Resources":{"A":{"Images":"x"}}}', from, TO)).toBeUndefined();
    const half = structuredClone(before);
    resource(half, 'Rotate').Parameters.BundleSha256 = ['d'.repeat(64)];
    expect(withVersion(JSON.stringify(half), from, TO)).toBeUndefined();
  });
});

/** The newest first, as CloudFormation names them. */
const event = (id: string, ResourceStatus: string, reason = '', ClientRequestToken = 't') => ({
  ...{ LogicalResourceId: id, ResourceStatus, ResourceStatusReason: reason, ClientRequestToken },
  ResourceType: id === 's' ? 'AWS::CloudFormation::Stack' : 'Custom::RunCommand',
});
const eventsAre = (...StackEvents: object[]) =>
  client.on(DescribeStackEventsCommand).resolves({ StackEvents: StackEvents as never });
const stackIs = (StackStatus: string) =>
  client.on(DescribeStacksCommand).resolves({
    Stacks: [
      {
        ...{ StackName: 's', CreationTime: new Date(0), StackStatus: StackStatus as never },
        ...{ Capabilities: ['CAPABILITY_IAM'], Parameters: [{ ParameterKey: 'P' }], Tags: [{ Key: 'k', Value: 'v' }] },
      },
    ],
  });

describe('the stack', () => {
  beforeEach(() => {
    stackIs('UPDATE_COMPLETE');
    client.on(GetTemplateCommand).resolves({ TemplateBody: '{}' });
  });

  test.each([
    ['by a rollback of metals', [event('s', 'UPDATE_COMPLETE', '', 'metals-rollback-1')], true],
    ['by one that was taken back', [event('s', 'UPDATE_ROLLBACK_COMPLETE', '', 'metals-rollback-1')], false],
    [
      'by somebody else since',
      [event('s', 'UPDATE_COMPLETE', '', 'exec1'), event('s', 'UPDATE_COMPLETE', '', 'metals-rollback-1')],
      false,
    ],
    ['at an unknown time', [], false],
  ])('was updated last %s', async (_who, events, isRolledBack) => {
    eventsAre(...events);
    expect(await readStack(cloudFormation, 's')).toMatchObject({
      status: 'UPDATE_COMPLETE',
      template: '{}',
      isRolledBack,
    });
  });
});

describe('the update', () => {
  const URL = 'https://s3.eu-west-1.amazonaws.com/assets/t.json';

  test('keeps parameters and capabilities, and is known by its token', async () => {
    stackIs('UPDATE_COMPLETE');
    client
      .on(DescribeChangeSetCommand)
      .resolvesOnce({ Status: 'CREATE_PENDING' })
      .resolves({ Status: 'CREATE_COMPLETE' });
    const token = await beginUpdate(cloudFormation, 's', URL);
    expect(client.commandCalls(CreateChangeSetCommand)[0]!.args[0].input).toMatchObject({
      ...{ ChangeSetType: 'UPDATE', TemplateURL: URL, Capabilities: ['CAPABILITY_IAM'] },
      Parameters: [{ ParameterKey: 'P', UsePreviousValue: true }],
      Tags: [{ Key: 'k', Value: 'v' }],
    });
    expect(client.commandCalls(ExecuteChangeSetCommand)[0]!.args[0].input.ClientRequestToken).toBe(token);
  });

  test('is none where the stack has that version', async () => {
    stackIs('UPDATE_COMPLETE');
    const StatusReason = "The submitted information didn't contain changes.";
    client.on(DescribeChangeSetCommand).resolves({ Status: 'FAILED', StatusReason });
    expect(await beginUpdate(cloudFormation, 's', URL)).toBeUndefined();
    expect(client.commandCalls(DeleteChangeSetCommand)).toHaveLength(1);
    expect(client.commandCalls(ExecuteChangeSetCommand)).toEqual([]);
  });

  test('that is refused tells the reason', async () => {
    stackIs('UPDATE_COMPLETE');
    client.on(DescribeChangeSetCommand).resolves({ Status: 'FAILED', StatusReason: 'no right to ssm:GetParameters' });
    await expect(beginUpdate(cloudFormation, 's', URL)).rejects.toThrow(
      'refuses the change: no right to ssm:GetParameters',
    );
  });

  test('ends with the cause that came first, of its own events', async () => {
    const own = [
      event('s', 'UPDATE_ROLLBACK_COMPLETE'),
      event('Rotate', 'UPDATE_FAILED', 'Resource update cancelled'),
      event('Runstackdeploy', 'UPDATE_FAILED', 'no room for kafka'),
    ];
    client
      .on(DescribeStackEventsCommand)
      .resolvesOnce({ StackEvents: [event('s', 'UPDATE_COMPLETE', '', 'before')] as never })
      .resolvesOnce({ StackEvents: [event('Runstackdeploy', 'UPDATE_IN_PROGRESS')] as never })
      // Somebody else's has begun since, and has failed.
      .resolves({ StackEvents: [event('Other', 'UPDATE_FAILED', 'of others', 'other'), ...own] as never });
    const waited: string[] = [];
    const onWait = (reason: string) => waited.push(reason);
    expect(await awaitUpdate(cloudFormation, 's', 't', { timeoutSeconds: 30, onWait })).toEqual({
      ...{ status: 'UPDATE_ROLLBACK_COMPLETE', reason: 'Runstackdeploy: no room for kafka' },
    });
    expect(waited).toEqual(['it begins', 'Runstackdeploy: UPDATE_IN_PROGRESS']);
  });

  test('is over when only the cleanup is left', async () => {
    eventsAre(event('s', 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS'));
    const wait = { timeoutSeconds: 5, onWait: () => undefined };
    expect(await awaitUpdate(cloudFormation, 's', 't', wait)).toMatchObject({ reason: '' });
  });

  test('that somebody has cancelled says so; one that failed for no reason, too', () => {
    const cancelled = event('s', 'UPDATE_ROLLBACK_IN_PROGRESS', 'User Initiated');
    expect(firstFailure([event('s', 'UPDATE_ROLLBACK_COMPLETE'), cancelled] as never)).toBe('s: User Initiated');
    expect(firstFailure([{ LogicalResourceId: 'A', ResourceStatus: 'UPDATE_FAILED' } as never])).toBe(
      'A: no reason given',
    );
  });
});
