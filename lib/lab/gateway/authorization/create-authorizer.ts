/** The authorizer with ministack's IAM behind it, and what it tells a test of the lab. */
import { errorText, type Log } from '../log';
import type { Upstream } from '../ministack/upstream';
import type { GatewaySettings } from '../settings';
import type { Timing } from '../timing';
import { Authorizer } from './authorizer';
import { upstreamLookups } from './lookups';
import type { Lookups } from './operation';
import { rolePolicyReader } from './policies';
import { FRESH_MILLISECONDS, PolicyCache } from './policy-cache';
import { Recording } from './recording';
import { readResourceTags, type OwnTags } from './resource-tags';

export interface AuthorizationDependencies {
  readonly settings: Pick<GatewaySettings, 'iamMode' | 'stateDirectory'>;
  readonly upstream: Upstream;
  readonly log: Log;
  readonly timing: Pick<Timing, 'draw'>;
  /** What the gateway itself knows about its resources. */
  readonly own: OwnTags & Pick<Lookups, 'groupArn' | 'instancesOf'>;
}

export interface Authorization {
  readonly authorizer: Authorizer;
  /** JSON for /_lab/iam: distinct judged calls, and the policies of every role as they are now. */
  readonly report: () => Promise<unknown>;
  /** Looks at the policies from now on, whether or not a call is judged: a grant counts from when it was made. */
  readonly start: () => Promise<void>;
  readonly stop: () => void;
}

export function createAuthorization(dependencies: AuthorizationDependencies): Authorization {
  const { settings, upstream, log, timing, own } = dependencies;
  const policies = new PolicyCache({
    read: rolePolicyReader(upstream),
    effectiveAfterMilliseconds: () => timing.draw('grantTakesEffect'),
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
  const look = () =>
    policies.all(true).catch((error: unknown) => log('iam', `policies cannot be read: ${errorText(error)}`));
  let looks: NodeJS.Timeout | undefined;
  return {
    authorizer,
    async start() {
      if (authorizer.isOff) return;
      await look();
      looks = setInterval(() => void look(), FRESH_MILLISECONDS);
    },
    stop: () => clearInterval(looks),
    report: async () => ({
      mode: settings.iamMode,
      calls: recording.calls,
      policies: Object.fromEntries([...(await policies.all(true))].filter(([, each]) => !(each instanceof Error))),
    }),
  };
}
