import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import type { Config } from '../config';
import { ComponentImage } from '../constructs/component-image';
import { DiskAlarms } from '../constructs/disk-alarms';
import { managerTarget, RunCommand, slotTarget } from '../constructs/run-command';
import { StackBundle } from '../constructs/stack-bundle';
import { WaysToEngines } from '../constructs/ways-to-engines';
import { type Component, COMPONENTS, rotationAssociation, secretName, TAG, VERSIONS_OUTPUT } from '../contract';
import { type EngineChoice, hasOwnKafka, hasOwnMongodb, stackSecrets } from '../engines';
import { brokerSlots, mongodbSlots } from '../slots';
import type { DataStack } from './data';
import type { NetworkStack } from './network';
import { REAPPLY_SCHEDULE, type SwarmStack } from './swarm';

export interface PipelineStackProps extends StackProps {
  readonly config: Config;
  readonly network: NetworkStack;
  readonly data: DataStack;
  readonly swarm: SwarmStack;
}

/** Images, the bundle and the secrets, brought to the Swarm; deployed is what has converged. */
export class PipelineStack extends Stack {
  constructor(scope: Construct, id: string, props: PipelineStackProps) {
    super(scope, id, props);
    const { config, network, data, swarm } = props;
    const { documents, provider } = swarm;

    const images = imageList(
      Object.fromEntries(
        componentsFor(config).map((component) => [
          component,
          new ComponentImage(this, `Image-${component}`, { config, component }).asset.imageUri,
        ]),
      ),
    );
    const bundle = new StackBundle(this, 'Bundle', { config });

    const manager = managerTarget(swarm.managers, documents['stack-status']);
    const versions = `${data.secretVersions},${config.secretVersions}`;

    // A slot whose volume was lost comes with another one: without images, and, if it holds data, without topics and indexes.
    const everywhere = { DataVolumes: data.volumesOf(swarm.slots) };
    const state = new Set([...swarm.managers, ...brokerSlots(config), ...mongodbSlots(config)]);
    const stateful = { DataVolumes: data.volumesOf([...state]) };

    const pull = new RunCommand(this, 'Run-node-prepare', {
      provider,
      target: slotTarget(...swarm.slots),
      command: { document: documents['node-prepare'], parameters: { Images: images } },
      sentAgainFor: everywhere,
    });
    const sync = new RunCommand(this, 'Run-secrets-sync', {
      provider,
      target: manager,
      command: {
        document: documents['secrets-sync'],
        parameters: { Secrets: secretList(config), Versions: versions },
      },
      sentAgainFor: stateful,
    });
    const deployment = {
      Stage: config.stage,
      BundleBucket: bundle.asset.s3BucketName,
      BundleKey: bundle.asset.s3ObjectKey,
      BundleSha256: bundle.sha256,
      Images: images,
      KafkaMode: config.kafkaMode,
      OverlayEncryption: config.overlayEncryption,
      TimeoutSeconds: String(config.deployTimeoutMinutes * 60),
      Versions: versions,
    };
    const deploy = new RunCommand(this, 'Run-stack-deploy', {
      provider,
      target: manager,
      command: {
        document: documents['stack-deploy'],
        parameters: deployment,
      },
      sentAgainFor: stateful,
      onDelete: { document: documents['stack-remove'] },
    });
    const ways = new WaysToEngines(this, 'WaysToEngines', { config, nodes: swarm.nodesGroup, nat: network.natGroup });
    deploy.node.addDependency(pull, sync, ways);

    // A node that replaces another checks its host and pulls the images by itself, before tasks need them. It names the
    // version that serves: changed only once a deployment has converged, when images of older versions may go.
    const reprepare = new ssm.CfnAssociation(this, 'Reprepare', {
      associationName: `metals-${config.stage}-reprepare`,
      name: documents['node-prepare'].name,
      targets: [{ key: `tag:${TAG.stage}`, values: [config.stage] }],
      parameters: { Images: [images], Serving: ['yes'] },
      // One that failed is otherwise never tried again on that node; half an hour is the shortest interval.
      scheduleExpression: REAPPLY_SCHEDULE,
    });
    reprepare.node.addDependency(deploy);

    // A secret that was changed elsewhere reaches the stack within half an hour: what was deployed last is deployed again.
    const rotate = new ssm.CfnAssociation(this, 'Rotate', {
      associationName: rotationAssociation(config.stage),
      name: documents['stack-deploy'].name,
      targets: [
        { key: `tag:${TAG.stage}`, values: [config.stage] },
        { key: `tag:${TAG.slot}`, values: [...swarm.managers] },
      ],
      parameters: Object.fromEntries(
        Object.entries({ ...deployment, OnlyWhen: 'secrets-changed' }).map(([name, value]) => [name, [value]]),
      ),
      scheduleExpression: REAPPLY_SCHEDULE,
    });
    rotate.node.addDependency(deploy);

    // Here, because the association Reprepare is what reports. A deployment that fails before it leaves no alarm of silence.
    new DiskAlarms(this, 'DiskAlarms', { config, slots: swarm.slots }).node.addDependency(reprepare);

    new CfnOutput(this, 'Stage', { value: config.stage, description: 'metals --stage' });
    new CfnOutput(this, VERSIONS_OUTPUT, {
      value: versions,
      description: 'by which metals deploy knows whether a secret was changed since',
    });
    new CfnOutput(this, 'Producer', {
      value: 'every node, port 8000: POST /produce, GET /health, GET /metrics (by Session Manager port forwarding)',
    });
    new CfnOutput(this, 'Processor', {
      value: 'every node, port 8001: GET /health, GET /metrics (by Session Manager port forwarding)',
    });
  }
}

/** ZooKeeper has an image in its own mode only, and an external engine none. */
export function componentsFor(config: Pick<Config, 'kafkaMode'> & EngineChoice): Component[] {
  const isHere: Partial<Record<Component, boolean>> = {
    kafka: hasOwnKafka(config),
    zookeeper: hasOwnKafka(config) && config.kafkaMode === 'zookeeper',
    mongodb: hasOwnMongodb(config),
  };
  return COMPONENTS.filter((component) => isHere[component] ?? true);
}

/** `edge=<uri>,kafka=<uri>`: how documents are told images. */
export function imageList(images: Readonly<Record<string, string>>): string {
  return Object.entries(images)
    .map(([component, uri]) => `${component}=${uri}`)
    .join(',');
}

/** `kafka-password/admin=metals/prod/kafka-password,…,api-key=metals/prod/api-key`: one entry for each Docker secret. */
export function secretList({
  stage,
  kafkaBrokers,
  ...choice
}: Pick<Config, 'stage' | 'kafkaBrokers'> & EngineChoice): string {
  return stackSecrets(choice)
    .flatMap(({ name, principals: all }) => {
      // Of one broker, stack-deploy brings the password of brokers where there were three before.
      const principals = all.filter((principal) => principal !== 'brokers' || kafkaBrokers > 1);
      const keys = principals.length ? principals.map((principal) => `${name}/${principal}`) : [name];
      return keys.map((key) => `${key}=${secretName(stage, name)}`);
    })
    .join(',');
}
