import { CfnOutput, type CustomResource, Stack, type StackProps } from 'aws-cdk-lib';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import type { ISecurityGroup } from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import type { Config } from '../config';
import { CommandDocument } from '../constructs/command-document';
import { LoadBalancer } from '../constructs/load-balancer';
import { NodeRoles, type SlotRole } from '../constructs/node-roles';
import { NodeSlot } from '../constructs/node-slot';
import {
  type CommandTarget,
  managerTarget,
  RunCommand,
  RunCommandProvider,
  slotTarget,
} from '../constructs/run-command';
import { SwarmSecurityGroups } from '../constructs/swarm-security-groups';
import {
  DOCUMENTS,
  type DocumentId,
  EXTERNAL_SECRETS,
  type ExternalSecretId,
  FIRST_MANAGER,
  secretName,
  TAG,
} from '../contract';
import type { EngineChoice } from '../engines';
import { brokerService, brokerSlots, mongodbSlots } from '../slots';
import type { DataStack } from './data';
import type { NetworkStack, SlotPlace } from './network';

export interface SwarmStackProps extends StackProps {
  readonly config: Config;
  readonly network: NetworkStack;
  readonly data: DataStack;
}

/**
 * How often associations are applied again. One without a schedule runs once on a new node and, if that fails, never
 * again; half an hour is the shortest interval of State Manager.
 */
export const REAPPLY_SCHEDULE = 'rate(30 minutes)';

/** Node slots, roles, security groups and documents; a Swarm of all slots, labelled, once it is deployed. */
export class SwarmStack extends Stack {
  /** Of every node. */
  readonly nodesGroup: ISecurityGroup;
  readonly documents: Readonly<Record<DocumentId, CommandDocument>>;
  readonly provider: RunCommandProvider;
  readonly roles: NodeRoles;
  /** Names of the node slots. */
  readonly slots: readonly string[];
  /** Those of them that are managers. */
  readonly managers: readonly string[];
  /** The last step of forming the Swarm. */
  readonly formed: RunCommand;

  constructor(scope: Construct, id: string, props: SwarmStackProps) {
    // Of the 1 MB that a template may have, a tenth would be indentation.
    super(scope, id, { ...props, suppressTemplateIndentation: true });
    const { config, network, data } = props;
    const { places, vpc } = network;
    this.slots = places.map(({ slot }) => slot);

    this.documents = Object.fromEntries(
      DOCUMENTS.map((documentId) => [
        documentId,
        new CommandDocument(this, `Document-${documentId}`, { stage: config.stage, documentId }),
      ]),
    ) as Record<DocumentId, CommandDocument>;
    this.roles = new NodeRoles(this, 'Roles', {
      config,
      slots: places.map(({ slot, role }) => ({ slot, role, volume: data.volumes[slot] as CustomResource })),
      secretArns: this.secretArns(config.stage, data),
    });
    const groups = this.createGroups(props);
    this.nodesGroup = groups.securityGroups.nodes;
    this.provider = new RunCommandProvider(this, 'RunCommand', { stage: config.stage });
    const securityGroupOrder = groups.securityGroups;

    // Formed in order: each step needs the one before.
    const others = places.filter(({ slot }) => slot !== FIRST_MANAGER);
    const managers = places.filter(({ role }) => role === 'manager');
    const managerAddresses = managers.map(({ address }) => address);
    this.managers = managers.map(({ slot }) => slot);
    const probe = this.documents['stack-status'];
    const step = (
      documentId: DocumentId,
      target: CommandTarget,
      parameters: Record<string, string>,
      sentAgainFor?: Record<string, string>,
    ) =>
      new RunCommand(this, `Run-${documentId}`, {
        provider: this.provider,
        target,
        command: { document: this.documents[documentId], parameters },
        sentAgainFor,
      });

    // The data stack, which comes first, has let the volumes grow; their file systems grow in the nodes.
    const size = { DataVolumeGiB: String(config.dataVolumeGiB) };
    const prepare = step('node-prepare', slotTarget(...this.slots), { Images: 'none' }, size);
    for (const slot of groups.slots) prepare.node.addDependency(slot.group);
    prepare.node.addDependency(securityGroupOrder, vpc);
    // A slot whose volume was lost comes with another one, on which it is no node of the Swarm.
    const volumes = (slots: readonly string[]) => ({ DataVolumes: data.volumesOf(slots) });
    const joins = { Stage: config.stage, ManagerAddresses: managerAddresses.join(',') };
    const init = step(
      'swarm-init',
      slotTarget(FIRST_MANAGER),
      { ...joins, AddressPool: config.swarmAddressPool },
      volumes([FIRST_MANAGER]),
    );
    init.node.addDependency(prepare);
    // Tokens that somebody has rotated: a slot whose volume is lost joins by what is in Parameter Store.
    const keepsTokens = { ...joins, AddressPool: config.swarmAddressPool, Creates: 'no' };
    this.reapply('Republish', 'swarm-init', [FIRST_MANAGER], keepsTokens).node.addDependency(init);
    const otherSlots = others.map(({ slot }) => slot);
    // Of manager-1, too: where that has begun a new Swarm, the others change over.
    const join = step('swarm-join', slotTarget(...otherSlots), joins, volumes(this.slots));
    join.node.addDependency(init);
    const labels = { Labels: nodeLabels(config, places) };
    const label = { ...labels, WaitSeconds: '300' };
    this.formed = step('swarm-label', managerTarget(this.managers, probe), label, volumes(this.slots));
    this.formed.node.addDependency(join);

    // One for each slot, so that it goes with its slot: CloudFormation deletes it after the update, before its instance.
    // A stack that is deleted as a whole only switches its nodes off: their volumes are kept as members of the Swarm.
    for (const [index, { slot, address }] of places.entries()) {
      if (slot === FIRST_MANAGER) continue;
      const leave = new RunCommand(this, `Leave-${slot}`, {
        provider: this.provider,
        target: managerTarget(this.managers, probe, slot),
        onDelete: { document: this.documents['swarm-leave'], parameters: { Slot: slot, Address: address } },
        onDeleteWhen: 'removed',
      });
      leave.node.addDependency(groups.slots[index]!.group);
    }

    // A node that replaces another joins by itself, whenever it comes, outside a deployment. manager-1 can where others
    // have kept the Swarm.
    const slotsThatJoin = config.managers > 1 ? this.slots : otherSlots;
    this.reapply('Rejoin', 'swarm-join', slotsThatJoin, joins).node.addDependency(join);
    // One that comes back as another node gets its labels, and its dead twin goes; so do labels that somebody has changed.
    // Not for long: a deployment that brings other labels waits meanwhile, and half an hour later there is another look.
    const relabel = { ...labels, WaitSeconds: '60' };
    this.reapply('Relabel', 'swarm-label', this.managers, relabel).node.addDependency(this.formed);
  }

  /**
   * Those of external engines as well, whatever engines this configuration has: a deployment of the pipeline that fails goes
   * back to the version before, which may have others. Of what somebody else makes, all but the six characters that Secrets
   * Manager adds.
   */
  private secretArns(stage: string, { secrets }: DataStack): string[] {
    const { partition, region, account } = this;
    const external = (Object.keys(EXTERNAL_SECRETS) as ExternalSecretId[]).map(
      (name) => `arn:${partition}:secretsmanager:${region}:${account}:secret:${secretName(stage, name)}-??????`,
    );
    return [...Object.values(secrets).map((secret) => secret.ref), ...external];
  }

  /** Runs a document on every node of these slots that comes, and every half hour. */
  private reapply(
    id: string,
    documentId: DocumentId,
    slots: readonly string[],
    parameters: Readonly<Record<string, string>>,
  ): ssm.CfnAssociation {
    const { stage } = this.provider;
    return new ssm.CfnAssociation(this, id, {
      associationName: `metals-${stage}-${id.toLowerCase()}`,
      name: this.documents[documentId].name,
      targets: [
        { key: `tag:${TAG.stage}`, values: [stage] },
        { key: `tag:${TAG.slot}`, values: [...slots] },
      ],
      parameters: Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, [value]])),
      scheduleExpression: REAPPLY_SCHEDULE,
    });
  }

  private createGroups({ config, network, data }: SwarmStackProps) {
    const securityGroups = new SwarmSecurityGroups(this, 'SecurityGroups', network.vpc);
    const slots: NodeSlot[] = [];
    for (const place of network.places) {
      const slot = new NodeSlot(this, `Slot-${place.slot}`, {
        config,
        place,
        amiId: config.amiId,
        dataVolume: data.volumes[place.slot] as CustomResource,
        securityGroups:
          place.role === 'manager' ? [securityGroups.nodes, securityGroups.managers] : [securityGroups.nodes],
        slotRole: this.roles.slots[place.slot] as SlotRole,
      });
      // CloudFormation would update all groups at once. Managers come first; each slot waits until the one before is
      // back in the Swarm, so that a quorum is left and one node at most is away.
      const before = slots.at(-1);
      if (before) slot.group.addResourceDependency(before.group);
      slots.push(slot);
    }
    if (config.loadBalancer !== 'none') {
      // A name of its own for each scheme: AWS lets no target group move to another load balancer.
      const id = config.loadBalancer === 'public' ? 'PublicLoadBalancer' : 'InternalLoadBalancer';
      const balancer = new LoadBalancer(this, id, {
        config,
        vpc: network.vpc,
        subnets: config.loadBalancer === 'public' ? network.vpc.publicSubnets : network.slotSubnets,
        addresses: network.places.map(({ address }) => address),
      });
      securityGroups.admit(balancer.group, balancer.nodePorts, 'load balancer');
      new CfnOutput(this, 'LoadBalancerName', {
        value: balancer.dnsName,
        description: 'DNS name of the load balancer',
      });
    }
    return { slots, securityGroups };
  }
}

/** `10.40.3.11=slot:manager-1;10.40.4.21=slot:worker-1,kafka,zookeeper`: which labels the node at each address has. */
export function nodeLabels(
  config: Pick<Config, 'kafkaBrokers' | 'kafkaSlot' | 'kafkaOtherSlots' | 'mongodbSlot'> & EngineChoice,
  places: readonly SlotPlace[],
): string {
  const brokers = brokerSlots(config);
  return places
    .map(({ slot, address }) => {
      const broker = brokers.indexOf(slot) + 1;
      const stateful = [
        ...(broker > 0 ? [brokerService(broker)] : []),
        ...(broker === 1 ? ['zookeeper'] : []),
        ...(mongodbSlots(config).includes(slot) ? ['mongodb'] : []),
      ];
      return `${address}=${[`slot:${slot}`, ...stateful].join(',')}`;
    })
    .join(';');
}
