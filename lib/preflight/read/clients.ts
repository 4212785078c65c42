/** The clients that a preflight reads with. Loaded by the verb alone: they take a second. */
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { EC2Client } from '@aws-sdk/client-ec2';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { SSMClient } from '@aws-sdk/client-ssm';
import { STSClient } from '@aws-sdk/client-sts';
import { clientConfig, type ClientSettings } from '../../aws-client';

export interface Clients {
  readonly cloudFormation: CloudFormationClient;
  readonly ec2: EC2Client;
  readonly logs: CloudWatchLogsClient;
  readonly quotas: ServiceQuotasClient;
  readonly secrets: SecretsManagerClient;
  readonly ssm: SSMClient;
  readonly sts: STSClient;
}

export async function createClients(settings: ClientSettings): Promise<Clients> {
  const config = await clientConfig(settings);
  return {
    cloudFormation: new CloudFormationClient(config),
    ec2: new EC2Client(config),
    logs: new CloudWatchLogsClient(config),
    quotas: new ServiceQuotasClient(config),
    secrets: new SecretsManagerClient(config),
    ssm: new SSMClient(config),
    sts: new STSClient(config),
  };
}
