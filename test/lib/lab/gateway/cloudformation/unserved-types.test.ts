import {
  explainUnservedTypes,
  isNeverForwarded,
  refuseForwarding,
} from '../../../../../lib/lab/gateway/cloudformation/unserved-types';

describe('explainUnservedTypes', () => {
  const emulated = new Set(['AWS::S3::Bucket', 'AWS::AutoScaling::AutoScalingGroup', 'AWS::CloudFormation::Stack']);

  it('names a type that nobody serves, with its resources', () => {
    const types = new Map([['AWS::DLM::LifecyclePolicy', ['Daily', 'Weekly']]]);
    expect(explainUnservedTypes(types, new Set(), emulated)).toBe(
      'the lab serves no resource type AWS::DLM::LifecyclePolicy (Daily, Weekly). ' +
        'Remove it from the template or add a handler under lib/lab/gateway/resources',
    );
  });

  it('names a type that the emulator would only pretend, unless the gateway serves it', () => {
    const types = new Map([['AWS::AutoScaling::AutoScalingGroup', ['Group']]]);
    expect(explainUnservedTypes(types, new Set(), emulated)).toContain('its instances would be invented');
    expect(explainUnservedTypes(types, new Set(types.keys()), emulated)).toBeUndefined();
  });

  it('refuses nested stacks, whose templates it does not see', () => {
    const types = new Map([['AWS::CloudFormation::Stack', ['Nested']]]);
    expect(explainUnservedTypes(types, new Set(), emulated)).toContain('nested stack would bypass the lab');
  });

  it('leaves custom resources and emulated types alone', () => {
    const types = new Map([
      ['AWS::S3::Bucket', ['B']],
      ['Custom::Thing', ['C']],
    ]);
    expect(explainUnservedTypes(types, new Set(), emulated)).toBeUndefined();
  });
});

describe('isNeverForwarded', () => {
  it.each([
    ['ssm', 'SendCommand', true],
    ['ssm', 'CreateAssociation', true],
    ['ssm', 'GetParameter', false],
    ['ec2', 'RunInstances', true],
    ['ec2', 'DescribeInstances', false],
    ['autoscaling', 'CreateAutoScalingGroup', true],
    ['secretsmanager', 'RotateSecret', true],
    ['s3', 'PutObject', false],
  ])('%s %s: %s', (service, action, expected) => {
    expect(isNeverForwarded(service, action)).toBe(expected);
  });

  it('explains itself', () => {
    expect(refuseForwarding('ssm', 'SendCommand').message).toMatch(
      /^the lab does not implement ssm:SendCommand; it is refused/,
    );
  });
});
