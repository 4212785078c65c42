/** What the lab remembers about load balancers. */
import { Store } from '../store';

export interface LoadBalancerRecord {
  readonly arn: string;
  readonly name: string;
  readonly vpcId: string;
  readonly dnsName: string;
  /** One in each of its subnets. */
  readonly addresses: readonly string[];
  securityGroupIds: readonly string[];
}

export interface HealthCheck {
  readonly path: string;
  readonly codes: readonly number[];
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
}

export interface Target {
  readonly address: string;
  readonly port: number;
}

export interface TargetGroupRecord {
  readonly arn: string;
  readonly name: string;
  targets: readonly Target[];
  healthCheck: HealthCheck;
  /** After so long established connections to an unhealthy target are terminated; undefined: never. */
  terminatesAfterSeconds: number | undefined;
}

export interface ListenerRecord {
  readonly arn: string;
  readonly loadBalancerArn: string;
  port: number;
  targetGroupArn: string;
}

/** Each by ARN, in the order of creation. */
export interface BalancingData {
  loadBalancers: Record<string, LoadBalancerRecord>;
  targetGroups: Record<string, TargetGroupRecord>;
  listeners: Record<string, ListenerRecord>;
}

export type BalancingStore = Store<BalancingData>;

export const openBalancingStore = (directory: string): BalancingStore =>
  Store.open<BalancingData>(directory, 'load-balancers', { loadBalancers: {}, targetGroups: {}, listeners: {} });
