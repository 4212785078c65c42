import { parseTemplate } from '../../../../../lib/lab/gateway/cloudformation/template-text';

describe('parseTemplate', () => {
  it.each([
    ['{"Resources": ', 'Template format error: not JSON'],
    ['Resources: [', 'Template format error: not YAML'],
    ['just words', 'Template format error: got string, expected an object'],
  ])('refuses %j', (text, message) => {
    expect(() => parseTemplate(text)).toThrow(message);
  });

  it('reads JSON', () => {
    expect(parseTemplate(' {"Resources": {}}')).toEqual({ Resources: {} });
  });

  it('reads YAML with short forms as the long ones, and keeps dates strings', () => {
    const text = `
AWSTemplateFormatVersion: 2010-09-09
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    Condition: Wanted
    Properties:
      BucketName: !Sub 'cdk-\${AWS::AccountId}'
      Other: !Ref Name
      Arn: !GetAtt Nested.Outputs.Arn
      Pair: !GetAtt [A, B]
      Joined: !Join ['-', [a, !Ref B]]
      Chosen: !If [Wanted, !Ref C, !Ref AWS::NoValue]
`;
    expect(parseTemplate(text)).toEqual({
      AWSTemplateFormatVersion: '2010-09-09',
      Resources: {
        Bucket: {
          Type: 'AWS::S3::Bucket',
          Condition: 'Wanted',
          Properties: {
            BucketName: { 'Fn::Sub': 'cdk-${AWS::AccountId}' },
            Other: { Ref: 'Name' },
            Arn: { 'Fn::GetAtt': ['Nested', 'Outputs.Arn'] },
            Pair: { 'Fn::GetAtt': ['A', 'B'] },
            Joined: { 'Fn::Join': ['-', ['a', { Ref: 'B' }]] },
            Chosen: { 'Fn::If': ['Wanted', { Ref: 'C' }, { Ref: 'AWS::NoValue' }] },
          },
        },
      },
    });
  });
});
