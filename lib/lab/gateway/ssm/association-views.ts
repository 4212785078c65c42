/** Associations as State Manager's API shows them. */
import { AwsError } from '../errors';
import type { AssociationInput, AssociationRecord } from './association-records';
import { isFinal } from './command-records';
import type { TargetInput } from './targets';

export const targetsOf = (input: AssociationInput): readonly TargetInput[] =>
  input.InstanceId ? [{ Key: 'InstanceIds', Values: [input.InstanceId] }] : (input.Targets ?? []);

/** Pending until it has run everywhere, Success only when it succeeded everywhere. */
export function associationStatus({ runs }: AssociationRecord): 'Pending' | 'Success' | 'Failed' {
  const statuses = Object.values(runs).map(({ status }) => status);
  if (statuses.length === 0 || statuses.some((status) => !isFinal(status))) return 'Pending';
  return statuses.every((status) => status === 'Success') ? 'Success' : 'Failed';
}

const FILTERS: Readonly<Record<string, (association: AssociationRecord) => string | undefined>> = {
  AssociationId: ({ id }) => id,
  AssociationName: ({ input }) => input.AssociationName,
  AssociationStatusName: associationStatus,
  Name: ({ input }) => input.Name,
};

/** Of ListAssociations. */
export function associationFilter(
  filters: readonly { readonly key: string; readonly value: string }[],
): (association: AssociationRecord) => boolean {
  const unknown = filters.find(({ key }) => !FILTERS[key]);
  if (unknown)
    throw new AwsError('InvalidFilter', `the lab does not serve the filter ${unknown.key} of ListAssociations`);
  return (association) => filters.every(({ key, value }) => FILTERS[key]!(association) === value);
}

/** As DescribeAssociation answers. */
export const associationView = (association: AssociationRecord): Record<string, unknown> => ({
  ...associationSummary(association),
  Parameters: association.input.Parameters,
  Date: association.createdTime,
});

/** As ListAssociations answers, which tells less. */
export function associationSummary(association: AssociationRecord): Record<string, unknown> {
  const { id, input, version, runs } = association;
  const begun = Object.values(runs).filter(({ status }) => status !== 'Pending');
  const counts: Record<string, number> = {};
  for (const { status } of Object.values(runs)) counts[status] = (counts[status] ?? 0) + 1;
  const status = associationStatus(association);
  return {
    AssociationId: id,
    AssociationVersion: String(version),
    Name: input.Name,
    AssociationName: input.AssociationName,
    DocumentVersion: input.DocumentVersion ?? '$DEFAULT',
    Targets: targetsOf(input),
    InstanceId: input.InstanceId,
    ScheduleExpression: input.ScheduleExpression,
    LastExecutionDate: begun.length > 0 ? Math.max(...begun.map(({ time }) => time)) : undefined,
    Overview: { Status: status, DetailedStatus: status, AssociationStatusAggregatedCount: counts },
  };
}
