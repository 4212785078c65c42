/** What the lab has judged. */
import type { NamedPolicy } from '../../../lib/lab/gateway/authorization/policies';
import type { RecordedCall } from '../../../lib/lab/gateway/authorization/recording';

export interface IamReport {
  readonly mode: string;
  readonly calls: readonly RecordedCall[];
  readonly policies: Readonly<Record<string, readonly NamedPolicy[]>>;
}

export async function iamReport(): Promise<IamReport> {
  const response = await fetch(`${process.env.AWS_ENDPOINT_URL}/_lab/iam`);
  return (await response.json()) as IamReport;
}
