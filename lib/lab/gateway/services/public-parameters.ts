/** Public parameters of Systems Manager: every Amazon Linux image is the lab's own node image. */
import { LAB_REGION } from '../../../contract';
import type { Interceptor } from '../front-door/server';
import type { Upstream } from '../ministack/upstream';
import { jsonReply } from '../front-door/wire';

/** The AMI that every node of the lab claims to run. */
export const LAB_AMI_ID = 'ami-0000000000000001a';

const PREFIX = '/aws/service/ami-amazon-linux-latest/';
const PUBLISHED_AT = Date.UTC(2026, 0, 1) / 1000;

const isPublicAmi = (name: string): boolean => name.startsWith(PREFIX) && name.length > PREFIX.length;

const publicParameter = (name: string) => ({
  ARN: `arn:aws:ssm:${LAB_REGION}::parameter${name}`,
  DataType: 'aws:ec2:image',
  LastModifiedDate: PUBLISHED_AT,
  Name: name,
  Type: 'String',
  Value: LAB_AMI_ID,
  Version: 1,
});

export function createPublicParameters(upstream: Upstream): Interceptor {
  return async ({ action, params }) => {
    if (action === 'GetParameter' && isPublicAmi(String(params.Name)))
      return jsonReply({ Parameter: publicParameter(params.Name) });
    if (action !== 'GetParameters' || !Array.isArray(params.Names)) return undefined;
    const names: string[] = params.Names;
    const own = names.filter(isPublicAmi);
    if (own.length === 0) return undefined;
    const others = names.filter((name) => !isPublicAmi(name));
    const answer = others.length
      ? await upstream.json('ssm', 'AmazonSSM.GetParameters', { ...params, Names: others })
      : { Parameters: [], InvalidParameters: [] };
    return jsonReply({ ...answer, Parameters: [...answer.Parameters, ...own.map(publicParameter)] });
  };
}
