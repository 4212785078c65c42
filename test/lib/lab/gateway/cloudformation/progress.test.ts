import { createProgress, Progress } from '../../../../../lib/lab/gateway/cloudformation/progress';
import type { LabRequest } from '../../../../../lib/lab/gateway/types';

const STACK = 'arn:aws:cloudformation:eu-west-1:000000000000:stack/metals-lab-swarm/0a';
const work = {
  requestType: 'Create',
  stackId: STACK,
  logicalId: 'Group',
  type: 'AWS::AutoScaling::AutoScalingGroup',
} as const;

describe('a resource that is being worked on', () => {
  const ask = (progress: Progress, action: string, params: object) =>
    createProgress(progress)({ action, params } as unknown as LabRequest);

  it.each([
    ['DescribeStackResources', 'metals-lab-swarm'],
    ['DescribeStackResources', STACK],
    ['DescribeStackResource', STACK],
  ])('is told by %s of %s as in progress, until it is over', async (action, StackName) => {
    const progress = new Progress();
    const params = { StackName, LogicalResourceId: 'Group' };
    await progress.during(work, async () => {
      const reply = await ask(progress, action, params);
      expect(reply!.body).toContain('<ResourceStatus>CREATE_IN_PROGRESS</ResourceStatus>');
      expect(reply!.body).toContain('<StackName>metals-lab-swarm</StackName>');
    });
    expect(await ask(progress, action, params)).toBeUndefined();
  });

  it('is over when the work fails, too', async () => {
    const progress = new Progress();
    await expect(progress.during(work, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(progress.find(STACK, 'Group')).toBeUndefined();
  });

  it('leaves every other question to ministack', async () => {
    const progress = new Progress();
    await progress.during(work, async () => {
      for (const params of [{ StackName: STACK }, { StackName: STACK, LogicalResourceId: 'Other' }, {}])
        expect(await ask(progress, 'DescribeStackResources', params)).toBeUndefined();
      expect(await ask(progress, 'DescribeStacks', { StackName: STACK })).toBeUndefined();
    });
  });
});
