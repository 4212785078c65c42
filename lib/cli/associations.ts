/** Associations of a stage, which put right every half hour what has changed: those that could not. */
import { paginateListAssociations, SSMClient, type Association } from '@aws-sdk/client-ssm';
import { isRefusal } from '../aws-errors';
import { clientsOf, type Caller } from './clients';
import type { Context } from './context';

/** Pure: what to say of one that has failed, and where its reason is. */
export function tellFailed({ AssociationName, AssociationId, Overview }: Association, region: string): string {
  const counts = Overview?.AssociationStatusAggregatedCount ?? {};
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return (
    `association ${AssociationName} failed on ${counts.Failed ?? all} of ${all} nodes at its last run, and is tried again within ` +
    `half an hour; why: aws ssm describe-association-executions --association-id ${AssociationId} --region ${region}`
  );
}

/** One line for each association whose last run has failed; none where they may not be seen. */
export async function failedAssociations(
  context: Caller & Pick<Context, 'stage'>,
  region: string,
): Promise<readonly string[]> {
  const client = (await clientsOf(context, region))(SSMClient);
  const AssociationFilterList = [{ key: 'AssociationStatusName' as const, value: 'Failed' }];
  const found: string[] = [];
  try {
    for await (const { Associations = [] } of paginateListAssociations({ client }, { AssociationFilterList }))
      for (const association of Associations)
        if (association.AssociationName?.startsWith(`metals-${context.stage}-`))
          found.push(tellFailed(association, region));
  } catch (error) {
    if (!isRefusal(error)) throw error;
  } finally {
    client.destroy();
  }
  return found;
}
