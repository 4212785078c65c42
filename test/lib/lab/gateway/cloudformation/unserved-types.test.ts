import { explainUnservedTypes } from '../../../../../lib/lab/gateway/cloudformation/unserved-types';

describe('explainUnservedTypes', () => {
  const emulated = new Set(['AWS::S3::Bucket', 'AWS::AutoScaling::LaunchConfiguration', 'AWS::CloudFormation::Stack']);

  it('names a type that nobody serves, with its resources', () => {
    const types = new Map([['AWS::DLM::LifecyclePolicy', ['Daily', 'Weekly']]]);
    expect(explainUnservedTypes(types, new Set(), emulated)).toBe(
      'the lab serves no resource type AWS::DLM::LifecyclePolicy (Daily, Weekly). ' +
        'Remove it from the template or add a handler to the room of its service under lib/lab/gateway',
    );
  });

  it('names a type that the emulator would only pretend, unless the gateway serves it', () => {
    const types = new Map([['AWS::AutoScaling::LaunchConfiguration', ['Configuration']]]);
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
