import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { ENDPOINT_APIS } from '../contract';

type Api = (typeof ENDPOINT_APIS)[number];
const SERVICES: Readonly<Record<Api, ec2.InterfaceVpcEndpointAwsService>> = {
  ssm: ec2.InterfaceVpcEndpointAwsService.SSM,
  ssmmessages: ec2.InterfaceVpcEndpointAwsService.SSM_MESSAGES,
  ec2: ec2.InterfaceVpcEndpointAwsService.EC2,
  cloudformation: ec2.InterfaceVpcEndpointAwsService.CLOUDFORMATION,
  autoscaling: ec2.InterfaceVpcEndpointAwsService.AUTOSCALING,
  'ecr.api': ec2.InterfaceVpcEndpointAwsService.ECR,
  'ecr.dkr': ec2.InterfaceVpcEndpointAwsService.ECR_DOCKER,
  logs: ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
  monitoring: ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_MONITORING,
  secretsmanager: ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
};

/**
 * All that nodes need of AWS, in a VPC without internet: `slots` are the subnets of the nodes, `places` those that get
 * interface endpoints. An endpoint in one zone serves the nodes of all, as long as that zone is up. Bundles, image layers and
 * Amazon Linux's packages are in S3, whose gateway endpoint is in every route table.
 */
export function addEndpoints(vpc: ec2.Vpc, slots: readonly ec2.ISubnet[], places: readonly ec2.ISubnet[]): void {
  vpc.addGatewayEndpoint('S3', { service: ec2.GatewayVpcEndpointAwsService.S3, subnets: [{ subnets: [...slots] }] });
  const group = new ec2.SecurityGroup(vpc, 'Endpoints', {
    vpc,
    description: 'Interface endpoints: HTTPS from nodes',
    allowAllOutbound: false,
  });
  for (const { ipv4CidrBlock } of slots) group.addIngressRule(ec2.Peer.ipv4(ipv4CidrBlock), ec2.Port.tcp(443), 'nodes');
  for (const api of ENDPOINT_APIS) {
    vpc.addInterfaceEndpoint(api, {
      service: SERVICES[api],
      subnets: { subnets: [...places] },
      securityGroups: [group],
      // Else CDK lets the whole VPC in.
      open: false,
    });
  }
}
