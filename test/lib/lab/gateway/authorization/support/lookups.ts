import type { Lookups } from '../../../../../../lib/lab/gateway/authorization/operation';

/** Of an account in which nothing is found. */
export const NO_LOOKUPS: Lookups = {
  secretArn: async () => undefined,
  stackId: async () => undefined,
  groupArn: () => undefined,
  instancesOf: () => [],
};
