/** Systems Manager. Resources as in the Service Authorization Reference, "Actions for AWS Systems Manager". */
import { LAB_REGION } from '../../../../contract';
import { arn, onResource, withoutResource, type OperationMapper, type OperationMappers } from '../operation';

/** Parameters are given by name or by ARN; AWS's own (`/aws/…`) belong to no account. */
export function parameterArn(name: string): string {
  if (name.startsWith('arn:')) return name;
  if (name.startsWith('/aws/')) return `arn:aws:ssm:${LAB_REGION}::parameter${name}`;
  return arn('ssm', `parameter/${name.replace(/^\//, '')}`);
}

export function documentArn(name: string): string {
  if (name.startsWith('arn:')) return name;
  return /^(AWS|Amazon)[A-Za-z]*-/.test(name)
    ? `arn:aws:ssm:${LAB_REGION}::document/${name}`
    : arn('ssm', `document/${name}`);
}

/** On the document, and on every instance: `ssm:resourceTag/…` is that instance's. */
const sendCommand: OperationMapper = ({ params }, { instancesOf }) => {
  const { DocumentName, InstanceIds = [], Targets = [] } = params;
  const instanceIds: readonly string[] = InstanceIds.length > 0 ? InstanceIds : instancesOf(Targets);
  return [documentArn(DocumentName), ...instanceIds.map((id) => arn('ec2', `instance/${id}`))].map((resource) => ({
    action: 'ssm:SendCommand',
    resource,
  }));
};

/** On the instance, and on the document where one is named. */
const startSession: OperationMapper = ({ params }) =>
  [arn('ec2', `instance/${params.Target}`), ...(params.DocumentName ? [documentArn(params.DocumentName)] : [])].map(
    (resource) => ({ action: 'ssm:StartSession', resource }),
  );

const onEachParameter =
  (action: string): OperationMapper =>
  ({ params }) =>
    (params.Names as string[]).map((name) => ({ action, resource: parameterArn(name) }));

export const SSM: OperationMappers = {
  ...withoutResource(
    'ssm',
    'CancelCommand',
    'DescribeInstanceInformation',
    'DescribeInstanceProperties',
    'DescribeParameters',
    'DescribeSessions',
    'GetCommandInvocation',
    'ListAssociations',
    'ListCommandInvocations',
    'ListCommands',
    'ListDocuments',
  ),
  ...onResource('ssm', ({ Name }) => parameterArn(Name), 'GetParameter', 'DeleteParameter', 'GetParameterHistory'),
  ...onResource('ssm', ({ Path }) => parameterArn(Path), 'GetParametersByPath'),
  ...onResource('ssm', ({ Name }) => documentArn(Name), 'DescribeDocument', 'GetDocument'),
  GetParameters: onEachParameter('ssm:GetParameters'),
  DeleteParameters: onEachParameter('ssm:DeleteParameters'),
  PutParameter: ({ params }) => [
    {
      action: 'ssm:PutParameter',
      resource: parameterArn(params.Name),
      context: { 'ssm:Overwrite': String(params.Overwrite === true) },
    },
  ],
  SendCommand: sendCommand,
  StartSession: startSession,
  ...onResource('ssm', ({ SessionId }) => arn('ssm', `session/${SessionId}`), 'ResumeSession', 'TerminateSession'),
};
