/** Keeps the rules in the nodes as their interfaces' security groups say, in ministack and in the lab's records. */
import { TAG } from '../../../contract';
import { errorText, type Log } from '../log';
import type { Upstream } from '../ministack/upstream';
import { Serial } from '../serial';
import { applySecurityGroups } from './docker-node';
import type { PublishedPorts } from './publish';
import type { InstanceRecord, NodesStore } from './records';
import { iptablesRules, parseRules } from './security-group-rules';
import type { VpcNetworks } from './vpc-network';

export interface SecurityGroupsDependencies {
  readonly upstream: Upstream;
  readonly store: NodesStore;
  readonly networks: Pick<VpcNetworks, 'ensure'>;
  readonly published: PublishedPorts;
  /** Groups of the load balancers in a VPC, whose connections come from the gateway; undefined where there is none. */
  readonly balancerGroups: (vpcId: string) => readonly string[] | undefined;
  /** The gateway's. */
  readonly port: number;
  readonly log: Log;
  /** Hands rules to a node; tests swap it. */
  readonly apply?: (container: string, rules: string) => Promise<unknown>;
}

export class SecurityGroups {
  /** Rules are read and applied by one at a time, so that older ones never overwrite newer ones. */
  private readonly serial = new Serial();
  /** By instance: what its node has. A node keeps it over a reboot. */
  private readonly applied = new Map<string, string>();
  /** By instance: why its node does not have them; each reason is logged once. */
  private readonly failures = new Map<string, string>();
  private waiting: Promise<void> | undefined;

  constructor(private readonly dependencies: SecurityGroupsDependencies) {}

  /** A new node is closed until this has been done. */
  apply(instance: InstanceRecord): Promise<void> {
    return this.serial.run('rules', () => this.bring(instance));
  }

  /**
   * Brings every running node to the rules of now; a node that already has them is left alone. What fails is logged,
   * and tried again by the next look.
   */
  refresh(): Promise<void> {
    // Whoever asks while another waits for its turn is served by that one.
    this.waiting ??= this.serial.run('rules', async () => {
      this.waiting = undefined;
      const live = Object.values(this.dependencies.store.data.instances).filter(
        ({ id, state }) => state === 'running' || (state === 'pending' && this.applied.has(id)),
      );
      await Promise.all(
        live.map((instance) => this.bring(instance).catch((error: unknown) => this.report(instance.id, error))),
      );
    });
    return this.waiting;
  }

  private report(id: string, error: unknown): void {
    const reason = errorText(error);
    if (this.failures.get(id) !== reason) this.dependencies.log(id, reason);
    this.failures.set(id, reason);
  }

  /** The groups of an interface, changed by an API call. */
  async change(interfaceId: string, groupIds: readonly string[]): Promise<void> {
    const { store } = this.dependencies;
    const networkInterface = store.data.interfaces[interfaceId];
    if (!networkInterface || groupIds.length === 0) return;
    store.update(() => void (networkInterface.securityGroupIds = [...groupIds]));
    await this.refresh();
  }

  private async bring(instance: InstanceRecord): Promise<void> {
    const { apply = applySecurityGroups } = this.dependencies;
    const rules = await this.compile(instance);
    if (this.applied.get(instance.id) === rules) return;
    await apply(instance.container, rules);
    this.applied.set(instance.id, rules);
    this.failures.delete(instance.id);
  }

  private async compile(instance: InstanceRecord): Promise<string> {
    const { upstream, store, networks, published, balancerGroups, port } = this.dependencies;
    const own = store.data.interfaces[instance.interfaceId];
    if (!own) throw new Error(`${instance.id} has no interface ${instance.interfaceId} any more`);
    const filter = { Name: 'group-id', Value: own.securityGroupIds };
    const answer = await upstream.query('ec2', 'DescribeSecurityGroupRules', { Filter: [filter] });
    const { gateway } = await networks.ensure(instance.vpcId);
    const interfaces = Object.values(store.data.interfaces);
    const lab = { gateway: { address: gateway, port }, publishedPorts: [] };
    const groups = balancerGroups(instance.vpcId);
    if (groups === undefined) {
      const publishedPorts = published.get(instance.tags[TAG.slot] ?? '') ?? [];
      return iptablesRules(own, interfaces, parseRules(answer), { ...lab, publishedPorts });
    }
    // A load balancer reaches a node only as far as the node's groups admit its own.
    const balancer = { vpcId: instance.vpcId, privateIp: gateway, securityGroupIds: [...groups] };
    return iptablesRules(own, [...interfaces, balancer], parseRules(answer), lab);
  }
}
