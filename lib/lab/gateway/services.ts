/** Puts the rooms together: which service's requests go to whom, which resource types exist, and who hears of what. */
import { createAuthorization, type Authorization } from './authorization/create-authorizer';
import type { Principal } from './authorization/principal';
import { createAutoScaling } from './autoscaling/autoscaling-api';
import { groupArn, groupResource } from './autoscaling/group-resource';
import { Groups } from './autoscaling/groups';
import { createCloudFormation } from './cloudformation/cloudformation-api';
import { SERVICE_TOKEN, TEMPLATE_BUCKET } from './cloudformation/forwarder';
import { createProgress, Progress } from './cloudformation/progress';
import { createSignals } from './cloudformation/signals-api';
import { Signals } from './cloudformation/signals';
import { ContainerWatch } from './ec2/container-watch';
import { createDlm } from './dlm/dlm-api';
import { lifecyclePolicyResource } from './dlm/dlm-resource';
import { Policies } from './dlm/policies';
import { createEc2 } from './ec2/ec2-api';
import { loopDisks, mountedDisks } from './ec2/disks';
import { ec2Resources, thenRefresh } from './ec2/ec2-resources';
import { Instances } from './ec2/instances';
import { nodeAtPort, parsePublish } from './ec2/publish';
import { openNodesStore } from './ec2/records';
import { SecurityGroups } from './ec2/security-groups';
import { Volumes } from './ec2/volumes';
import { VpcNetworks } from './ec2/vpc-network';
import { createEcr } from './ecr/ecr-api';
import { Balancers } from './elasticloadbalancing/balancers';
import { createElasticLoadBalancing } from './elasticloadbalancing/elastic-load-balancing-api';
import { loadBalancerResources } from './elasticloadbalancing/load-balancer-resources';
import { openBalancingStore } from './elasticloadbalancing/records';
import { FunctionPrincipals } from './iam/function-principals';
import { InstanceCredentials } from './iam/instance-credentials';
import { instanceProfileResource } from './iam/instance-profile-resource';
import { Sessions, type SessionData } from './iam/sessions';
import { createSts } from './iam/sts-api';
import type { Log } from './log';
import { MetadataServer } from './metadata/metadata-server';
import type { Upstream } from './ministack/upstream';
import { nodesStatus } from './nodes-status';
import type { GatewaySettings } from './settings';
import type { KnownCredential } from './front-door/authentication';
import { passThrough } from './front-door/pass-through';
import { PortListeners } from './front-door/port-listeners';
import { Throttle } from './front-door/throttle';
import { Associations } from './ssm/associations';
import { Commands } from './ssm/commands';
import { Documents } from './ssm/documents';
import { sessionEndpoint, type UpgradeListener } from './session-manager/endpoint';
import { startNodeSide } from './session-manager/node-side';
import { NodeSessions } from './session-manager/node-sessions';
import { NodeReports } from './ssm/node-reports';
import { createSsm } from './ssm/ssm-api';
import { associationResource, documentResource } from './ssm/ssm-resources';
import { matchesTargets } from './ssm/targets';
import { commandEffects } from './ssm/step-runner';
import { RecordStore, Store } from './store';
import { Timing } from './timing';
import type { Interceptors, Listener, ResourceHandler, Tag } from './types';

const SCHEDULE_LOOK_SECONDS = 60;
const SECURITY_GROUPS_LOOK_SECONDS = 5;

export interface ServicesDependencies {
  readonly settings: GatewaySettings;
  readonly upstream: Upstream;
  readonly log: Log;
  /** Resource types that ministack provisions, as read from ministack. */
  readonly emulated: ReadonlySet<string>;
}

export interface Services {
  /** By resource type. */
  readonly resources: ReadonlyMap<string, ResourceHandler>;
  /** Resources that are being worked on. */
  readonly progress: Progress;
  readonly interceptors: Interceptors;
  /** Instance metadata: requests whose Host is 169.254.169.254. */
  readonly metadata: Listener;
  /** WebSockets: the data channels of Session Manager. */
  readonly upgrade: UpgradeListener;
  /** Temporary credentials that are still good: an instance's own, or those of a session. */
  readonly credentialOf: (accessKeyId: string) => KnownCredential | undefined;
  /** The function that calls with a key on the trusted listener; undefined for ministack itself. */
  readonly functionOf: (accessKeyId: string) => Promise<Principal | undefined>;
  readonly authorizer: Authorization['authorizer'];
  /** Refuses some calls for their rate. */
  readonly throttle: Throttle;
  /** JSON for /_lab/iam. */
  readonly iamReport: Authorization['report'];
  /** Applies the associations that are due at a time, in milliseconds since 1970. */
  readonly applyAssociationsDue: (now: number) => void;
  /** JSON for /_lab/status: instances, groups, commands. */
  readonly status: () => Record<string, unknown>;
  start(): Promise<void>;
  stop(): void;
}

export function createServices({ settings, upstream, log, emulated }: ServicesDependencies): Services {
  const directory = settings.stateDirectory;
  const store = openNodesStore(directory);
  const networks = new VpcNetworks(upstream, settings.containerName);
  const credentials = new InstanceCredentials(upstream);
  const sessions = new Sessions(Store.open<SessionData>(directory, 'sessions', { sessions: {} }));
  const timing = new Timing(settings.profile, settings.seed);
  log('timing', `profile ${settings.profile}, seed ${settings.seed}`);
  const reports = new NodeReports(store, timing, (instanceId) => associations.onAgentStarted(instanceId));
  const disks = settings.volumes === 'loop' ? loopDisks(settings.nodeImage) : mountedDisks;
  const volumes = new Volumes({ store, disks, upstream, timing, log });
  const published = parsePublish(settings.publish);
  const balancingStore = openBalancingStore(directory);
  const balancers = new Balancers(balancingStore, { timing, log });
  const securityGroups = new SecurityGroups({
    ...{ upstream, store, networks, published, port: settings.port, log },
    balancerGroups: (vpcId) => balancers.securityGroupsIn(vpcId),
  });
  const listeners = new PortListeners({
    ports: [...published.values()].flat(),
    address: settings.listenAddress,
    lead: (port, client) => {
      if (balancers.take(port, client)) return;
      const node = nodeAtPort(published, Object.values(store.data.instances), port);
      if (node) passThrough(client, { address: node.privateIp, port });
      else client.resetAndDestroy();
    },
    log,
  });
  const signals = new Signals();
  const progress = new Progress();
  const instances = new Instances({
    ...{ settings, upstream, store, networks, securityGroups, published, volumes, timing, credentials, log },
    isOnline: (id) => reports.isOnline(id),
    forgetReports: (id) => reports.forget(id),
  });
  const groups = new Groups(store, instances, timing, log);
  const documents = new Documents(Store.open(directory, 'documents', { documents: {} }), (name) =>
    associations.onDefaultVersionChanged(name),
  );
  const commands = new Commands(
    RecordStore.open(directory, 'commands'),
    documents,
    reports,
    commandEffects(upstream),
    log,
  );
  const associationStore = Store.open(directory, 'associations', { associations: {} });
  const nodeSessions = new NodeSessions(reports, startNodeSide, log);
  const associations = new Associations(associationStore, documents, commands, reports, log);
  const policies = new Policies(Store.open(directory, 'snapshot-policies', { policies: {} }));
  const watch = new ContainerWatch(() => groups.sweep(), log);
  const metadata = new MetadataServer({ store, credentials, log, onReport: (instance) => reports.receive(instance) });
  const functions = new FunctionPrincipals(upstream);
  const authorization = createAuthorization({
    ...{ settings, upstream, log, timing },
    own: {
      instance: (id) => store.data.instances[id]?.tags,
      group: (name) => {
        const group = store.data.groups[name];
        return group && tagRecord(group.tags);
      },
      document: (name) => (documents.has(name) ? tagRecord(documents.get(name).tags) : undefined),
      groupArn: (of) => {
        const name = 'name' in of ? of.name : store.data.instances[of.instanceId]?.groupName;
        return name !== undefined && name in store.data.groups ? groupArn(name) : undefined;
      },
      instancesOf: (targets) =>
        reports
          .list()
          .filter((node) => matchesTargets(node, targets))
          .map(({ id }) => id),
    },
  });
  let schedule: NodeJS.Timeout | undefined;
  let rulesLook: NodeJS.Timeout | undefined;

  const resources = handlersByType([
    ...ec2Resources(upstream, store, networks, securityGroups),
    groupResource(store, groups, signals),
    documentResource(documents),
    associationResource(associations),
    instanceProfileResource(upstream),
    lifecyclePolicyResource(policies),
    ...loadBalancerResources({
      ...{ upstream, store: balancingStore, onChange: () => balancers.sync() },
      holderOf: (vpcId, address) =>
        Object.values(store.data.interfaces).find((each) => each.vpcId === vpcId && each.privateIp === address)?.id,
    }).map((handler) => thenRefresh(handler, securityGroups)),
  ]);
  const served = new Set(resources.keys());
  return {
    resources,
    progress,
    interceptors: {
      autoscaling: [createAutoScaling(store, groups)],
      cloudformation: [
        createSignals(signals),
        createProgress(progress),
        createCloudFormation({ upstream, served, emulated, serviceToken: SERVICE_TOKEN, bucket: TEMPLATE_BUCKET }),
      ],
      dlm: [createDlm(policies)],
      ec2: [createEc2({ upstream, store, instances, volumes, disks, securityGroups, groups, log })],
      elasticloadbalancing: [createElasticLoadBalancing],
      ecr: [createEcr(upstream, settings.secretAccessKey)],
      // Nothing of its own, but read whole, so that what must never be forwarded is seen.
      secretsmanager: [],
      ssm: [createSsm({ documents, commands, associations, nodes: reports, sessions: nodeSessions })],
      sts: [createSts(upstream, sessions)],
    },
    metadata: metadata.listener,
    upgrade: sessionEndpoint(nodeSessions, log),
    credentialOf: (accessKeyId) => credentials.lookup(accessKeyId) ?? sessions.lookup(accessKeyId, new Date()),
    // Judging nothing asks nobody who calls.
    functionOf: async (accessKeyId) => (settings.iamMode === 'off' ? undefined : functions.of(accessKeyId)),
    authorizer: authorization.authorizer,
    throttle: new Throttle(timing),
    iamReport: authorization.report,
    applyAssociationsDue: (now) => associations.applyDue(now),
    status: () => ({ ...nodesStatus(store.data, commands.list(), reports), loadBalancers: balancers.status() }),
    async start() {
      await instances.adopt();
      await commands.abandonUnfinished();
      associations.forgetUnfinished();
      watch.start();
      balancers.sync();
      await listeners.start();
      await authorization.start();
      // ministack changes the rules that stand in a group itself without a word to the gateway.
      rulesLook = setInterval(() => void securityGroups.refresh(), SECURITY_GROUPS_LOOK_SECONDS * 1000);
      schedule = setInterval(() => associations.applyDue(Date.now()), SCHEDULE_LOOK_SECONDS * 1000);
    },
    stop() {
      clearInterval(schedule);
      clearInterval(rulesLook);
      authorization.stop();
      nodeSessions.stop();
      watch.stop();
      listeners.stop();
      balancers.stop();
    },
  };
}

const tagRecord = (tags: readonly Tag[]): Record<string, string> =>
  Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value]));

function handlersByType(handlers: readonly ResourceHandler[]): ReadonlyMap<string, ResourceHandler> {
  const byType = new Map(handlers.map((handler) => [handler.type, handler]));
  if (byType.size !== handlers.length) throw new Error('two handlers serve the same resource type');
  return byType;
}
