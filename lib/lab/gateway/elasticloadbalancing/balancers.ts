/** The network load balancers of the lab at work: their listeners are the ports that the lab publishes. */
import type net from 'node:net';
import type { BalancingStore } from './records';
import { TargetGroup, type TargetGroupDependencies } from './target-group';

export class Balancers {
  /** By ARN. */
  private readonly groups = new Map<string, TargetGroup>();

  constructor(
    private readonly store: BalancingStore,
    private readonly dependencies: TargetGroupDependencies,
  ) {}

  /** Brings what is watched to what is recorded: at the start, and after each change. */
  sync(): void {
    const { targetGroups } = this.store.data;
    for (const [arn, group] of this.groups) {
      if (arn in targetGroups) continue;
      group.stop();
      this.groups.delete(arn);
    }
    for (const [arn, record] of Object.entries(targetGroups)) {
      if (!this.groups.has(arn)) this.groups.set(arn, new TargetGroup(record, this.dependencies));
      this.groups.get(arn)!.sync();
    }
  }

  /** Leads a client on, if there is a listener on the port; of two, the older one has it. */
  take(port: number, client: net.Socket): boolean {
    const listener = Object.values(this.store.data.listeners).find((each) => each.port === port);
    const group = listener && this.groups.get(listener.targetGroupArn);
    group?.take(client);
    return group !== undefined;
  }

  /** The security groups of the load balancers in a VPC; undefined where there is none. */
  securityGroupsIn(vpcId: string): readonly string[] | undefined {
    const balancers = Object.values(this.store.data.loadBalancers).filter((each) => each.vpcId === vpcId);
    return balancers.length === 0 ? undefined : balancers.flatMap(({ securityGroupIds }) => securityGroupIds);
  }

  /** What /_lab/status tells: each listener's targets with their states. */
  status(): readonly unknown[] {
    const { loadBalancers, listeners } = this.store.data;
    return Object.values(listeners).map(({ loadBalancerArn, port, targetGroupArn }) => ({
      name: loadBalancers[loadBalancerArn]?.name,
      port,
      targets: this.groups.get(targetGroupArn)?.states() ?? {},
    }));
  }

  stop(): void {
    for (const group of this.groups.values()) group.stop();
  }
}
