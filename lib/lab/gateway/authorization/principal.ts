/** Who makes a judged call: the session of a role that an instance, a Lambda function or a chained AssumeRole has. */
import { LAB_ACCOUNT_ID, LAB_REGION } from '../../../contract';

export interface Principal {
  readonly roleName: string;
  /** Name of the session: an instance's id, a function's name. */
  readonly sessionName: string;
  /** Condition keys that come with the credentials, such as `ec2:SourceInstanceARN`. */
  readonly context: Readonly<Record<string, string>>;
}

/** As AWS names the session in errors and CloudTrail. */
export const sessionArn = ({ roleName, sessionName }: Principal): string =>
  `arn:aws:sts::${LAB_ACCOUNT_ID}:assumed-role/${roleName}/${sessionName}`;

export const roleArn = (roleName: string): string => `arn:aws:iam::${LAB_ACCOUNT_ID}:role/${roleName}`;

export function instancePrincipal(roleName: string, instanceId: string): Principal {
  const instanceArn = `arn:aws:ec2:${LAB_REGION}:${LAB_ACCOUNT_ID}:instance/${instanceId}`;
  return { roleName, sessionName: instanceId, context: { 'ec2:SourceInstanceARN': instanceArn } };
}

/** A function's session is named after the function. */
export function functionPrincipal(roleName: string, functionName: string): Principal {
  const functionArn = `arn:aws:lambda:${LAB_REGION}:${LAB_ACCOUNT_ID}:function:${functionName}`;
  return { roleName, sessionName: functionName, context: { 'lambda:SourceFunctionArn': functionArn } };
}

/** Role and session named by `arn:aws:sts::<account>:assumed-role/<role>/<session>`; undefined for any other ARN. */
export function parseSessionArn(arn: string): { roleName: string; sessionName: string } | undefined {
  const parts = /^arn:aws:sts::\d{12}:assumed-role\/([^/]+)\/(.+)$/.exec(arn);
  return parts ? { roleName: parts[1]!, sessionName: parts[2]! } : undefined;
}
