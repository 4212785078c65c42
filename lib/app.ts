import { type App, DefaultStackSynthesizer, Tags, Validations } from 'aws-cdk-lib';
import type { Config } from './config';
import { assetPrefix, cloudFormationStackName, type StackId } from './contract';
import { DataStack } from './stacks/data';
import { NetworkStack } from './stacks/network';
import { PipelineStack } from './stacks/pipeline';
import { SwarmStack } from './stacks/swarm';

/** The four stacks of a stage, in the order in which they are deployed. */
export function createStacks(app: App, config: Config) {
  const common = (id: StackId, description: string) => ({
    config,
    description,
    stackName: cloudFormationStackName(config.stage, id),
    env: { account: config.account, region: config.region },
  });
  const id = (stack: StackId) => cloudFormationStackName(config.stage, stack);
  const network = new NetworkStack(app, id('network'), common('network', 'Metals on Swarm: VPC and subnets'));
  const data = new DataStack(app, id('data'), {
    ...common('data', 'Metals on Swarm: volumes and secrets, which outlive the nodes'),
    places: network.places,
  });
  // It needs nothing of it; but what CloudFormation is to keep is then the last that a destruction comes to.
  network.addStackDependency(data);
  const swarm = new SwarmStack(app, id('swarm'), {
    ...common('swarm', 'Metals on Swarm: nodes, roles, documents, and the Swarm they form'),
    network,
    data,
  });
  const pipeline = new PipelineStack(app, id('pipeline'), {
    ...common('pipeline', 'Metals on Swarm: images, secrets and the stack on the Swarm'),
    // The bundle has a place of its own in the bucket, which managers may read.
    synthesizer: new DefaultStackSynthesizer({ bucketPrefix: assetPrefix(config.stage) }),
    network,
    data,
    swarm,
  });
  for (const [key, value] of Object.entries(config.tags)) Tags.of(app).add(key, value);
  acknowledgeFindings(app);
  return { data, network, swarm, pipeline };
}

/** Findings of CloudFormation's validation that are meant so, each with its reason; any other fails the synthesis. */
function acknowledgeFindings(app: App): void {
  const validations = Validations.of(app);
  validations.acknowledge({
    id: 'CloudFormation-Validate::W3010',
    reason: 'a slot must stay in its zone for ever, because its volume does: zones are configuration, not a look-up',
  });
  validations.acknowledge({
    id: 'CloudFormation-Validate::W9010',
    reason: 'NAT instances have the machine image that is pinned in the repository, as the nodes have',
  });
  validations.acknowledge({
    id: 'CloudFormation-Validate::W3687',
    reason: 'CDK gives the ESP rule a port range, which EC2 ignores for IP protocol 50',
  });
}
