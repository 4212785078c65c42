/** Which Lambda function a call on the trusted listener comes from: its key is a session that ministack's STS knows. */
import { LAB_ACCOUNT_ID, LAB_REGION } from '../../../contract';
import { functionPrincipal, parseSessionArn, type Principal } from '../authorization/principal';
import { AwsError } from '../errors';
import { xmlValue } from '../front-door/xml';
import type { Upstream } from '../ministack/upstream';

/** assets/lab/aws/function_roles.py gives every worker of a function a key of its own; a key never changes its owner. */
export class FunctionPrincipals {
  private readonly known = new Map<string, Promise<Principal>>();

  constructor(private readonly upstream: Upstream) {}

  /** undefined for the account's own key, with which ministack itself calls. */
  async of(accessKeyId: string): Promise<Principal | undefined> {
    if (accessKeyId === LAB_ACCOUNT_ID) return undefined;
    const asked = this.known.get(accessKeyId) ?? this.ask(accessKeyId);
    this.known.set(accessKeyId, asked);
    asked.catch(() => this.known.delete(accessKeyId));
    return asked;
  }

  private async ask(accessKeyId: string): Promise<Principal> {
    const scope = `${accessKeyId}/20260101/${LAB_REGION}/sts/aws4_request`;
    const { text } = await this.upstream.request(
      'POST',
      '/',
      {
        'content-type': 'application/x-www-form-urlencoded',
        authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`,
      },
      'Action=GetCallerIdentity&Version=2011-06-15',
    );
    const session = parseSessionArn(xmlValue(text, 'Arn') ?? '');
    if (session) return functionPrincipal(session.roleName, session.sessionName);
    throw new AwsError('InvalidClientTokenId', `the access key id '${accessKeyId}' is no function's in this lab`, 403);
  }
}
