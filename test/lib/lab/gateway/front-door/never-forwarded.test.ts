import { isNeverForwarded, refuseForwarding } from '../../../../../lib/lab/gateway/front-door/never-forwarded';

describe('isNeverForwarded', () => {
  it.each([
    ['ssm', 'GetParameter', false],
    ['ec2', 'StartInstances', true],
    ['ec2', 'CreateFleet', true],
    ['ec2', 'DescribeInstances', false],
    ['secretsmanager', 'RotateSecret', true],
    ['s3', 'PutObject', false],
  ])('%s %s: %s', (service, action, expected) => {
    expect(isNeverForwarded(service, action)).toBe(expected);
  });

  it('explains itself', () => {
    expect(refuseForwarding('ec2', 'CreateFleet').message).toMatch(
      /^the lab does not implement ec2:CreateFleet; it is refused/,
    );
  });
});
