/** The clients that a preflight reads with. Loaded by the verb alone: they take a second. */
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { EC2Client } from '@aws-sdk/client-ec2';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { SSMClient } from '@aws-sdk/client-ssm';
import { STSClient } from '@aws-sdk/client-sts';
import { boundCalls, clientConfig, type CallBounds, type ClientSettings } from '../../aws-client';

export interface Clients {
  readonly cloudFormation: CloudFormationClient;
  readonly ec2: EC2Client;
  readonly logs: CloudWatchLogsClient;
  readonly quotas: ServiceQuotasClient;
  readonly secrets: SecretsManagerClient;
  readonly ssm: SSMClient;
  readonly sts: STSClient;
}

export async function createClients(settings: ClientSettings & CallBounds): Promise<Clients> {
  const config = await clientConfig(settings);
  return {
    cloudFormation: boundCalls(new CloudFormationClient(config), settings),
    ec2: boundCalls(new EC2Client(config), settings),
    logs: boundCalls(new CloudWatchLogsClient(config), settings),
    quotas: boundCalls(new ServiceQuotasClient(config), settings),
    secrets: boundCalls(new SecretsManagerClient(config), settings),
    ssm: boundCalls(new SSMClient(config), settings),
    sts: boundCalls(new STSClient(config), settings),
  };
}
