/** The authorizer with ministack's IAM behind it, and what it tells a test of the lab. */
import type { Log } from '../log';
import type { Upstream } from '../ministack/upstream';
import type { GatewaySettings } from '../settings';
import { Authorizer } from './authorizer';
import { upstreamLookups } from './lookups';
import type { Lookups } from './operation';
import { rolePolicyReader } from './policies';
import { PolicyCache } from './policy-cache';
import { Recording } from './recording';
import { readResourceTags, type OwnTags } from './resource-tags';

/** A grant counts at once. Delayed, it would also have to delay CloudFormation, which on AWS waits for it. */
const NO_DELAY = () => 0;

export interface AuthorizationDependencies {
  readonly settings: Pick<GatewaySettings, 'iamMode' | 'stateDirectory'>;
  readonly upstream: Upstream;
  readonly log: Log;
  /** What the gateway itself knows about its resources. */
  readonly own: OwnTags & Pick<Lookups, 'groupArn' | 'instancesOf'>;
}

export interface Authorization {
  readonly authorizer: Authorizer;
  /** JSON for /_lab/iam: distinct judged calls, and the policies of every role as they are now. */
  readonly report: () => Promise<unknown>;
}

export function createAuthorization({ settings, upstream, log, own }: AuthorizationDependencies): Authorization {
  const policies = new PolicyCache({
    read: rolePolicyReader(upstream),
    effectiveAfterMilliseconds: NO_DELAY,
    now: Date.now,
  });
  const recording = new Recording(settings.stateDirectory);
  const authorizer = new Authorizer({
    mode: settings.iamMode,
    policies,
    lookups: { ...upstreamLookups(upstream), groupArn: own.groupArn, instancesOf: own.instancesOf },
    tagsOf: (arn) => readResourceTags(upstream, own, arn),
    recording,
    log,
  });
  return {
    authorizer,
    report: async () => ({
      mode: settings.iamMode,
      calls: recording.calls,
      policies: Object.fromEntries([...(await policies.all(true))].filter(([, each]) => !(each instanceof Error))),
    }),
  };
}
