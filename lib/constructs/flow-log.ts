import { RemovalPolicy, type Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Config } from '../config';
import { flowLogGroup } from '../contract';

/**
 * Which connections there were in a VPC, in a log group of the stage.
 *
 * Resources Deployed: a flow log, a log group, a role that writes to it.
 */
export function addFlowLog(stack: Stack, config: Pick<Config, 'stage' | 'flowLogs'>, vpc: ec2.IVpc): void {
  const group = new logs.LogGroup(stack, 'FlowLogs', {
    logGroupName: flowLogGroup(config.stage),
    retention: logs.RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  new ec2.FlowLog(stack, 'FlowLog', {
    resourceType: ec2.FlowLogResourceType.fromVpc(vpc),
    trafficType: config.flowLogs === 'rejected' ? ec2.FlowLogTrafficType.REJECT : ec2.FlowLogTrafficType.ALL,
    destination: ec2.FlowLogDestination.toCloudWatchLogs(group),
  });
}
