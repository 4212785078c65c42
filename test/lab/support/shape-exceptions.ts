/**
 * Problems of shape that are the emulator's, not ours: each with the reason why nothing of the product suffers from it.
 * Found by calls to ministack 1.5.33 with botocore's client and by `cdk bootstrap`.
 */
export interface ShapeException {
  readonly service: string;
  readonly operations: readonly string[];
  readonly side: 'request' | 'answer';
  readonly problem: RegExp;
  readonly reason: string;
}

export const SHAPE_EXCEPTIONS: readonly ShapeException[] = [
  {
    service: 'cloudformation',
    operations: ['DescribeChangeSet'],
    side: 'answer',
    problem: /^the model has no member ChangeSetType$/,
    reason: 'ministack repeats a parameter of the request; clients pass over it',
  },
  {
    service: 'cloudformation',
    operations: ['DescribeStackEvents'],
    side: 'answer',
    problem: /^StackEvents\[\]\.ResourceStatus: ('[A-Z_]+' is )?not a value/,
    reason: 'the stack’s own event has the status of a stack, which the model’s enumeration of resources lacks',
  },
  {
    service: 'ec2',
    operations: ['CreateVpc', 'DescribeVpcs'],
    side: 'answer',
    problem: /^Vpc(s\[\])?: the model has no member (defaultNetworkAclId|defaultSecurityGroupId|mainRouteTableId)$/,
    reason: 'ministack’s own additions; no client of ours reads them, and the SDKs drop them',
  },
  {
    service: 'ec2',
    operations: ['DescribeImages'],
    side: 'answer',
    problem: /^Images\[\]\.Platform: 'windows' is not a value/,
    reason: 'an invented image of ministack’s own; ours run Linux, which has no platform',
  },
  {
    service: 'ec2',
    operations: ['DescribeInternetGateways'],
    side: 'answer',
    problem: /^InternetGateways\[\]\.Attachments\[\]\.State: 'available' is not a value/,
    reason:
      'EC2’s documentation says "available" for internet gateways; the model’s enumeration is that of other attachments',
  },
  {
    service: 'lambda',
    operations: ['CreateFunction', 'GetFunction', 'GetFunctionConfiguration', 'ListFunctions', 'UpdateFunctionCode'],
    side: 'answer',
    problem: /(^|\.)(StateReasonCode|LastUpdateStatusReasonCode): '' is not a value/,
    reason: 'ministack answers an empty text where AWS answers nothing: no reason in both',
  },
];
