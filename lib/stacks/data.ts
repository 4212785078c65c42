import { CfnOutput, type CustomResource, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { Config } from '../config';
import {
  documentLogGroup,
  FIRST_MANAGER,
  NO_DATA_VOLUMES,
  SECRETS,
  type SecretId,
  secretName,
  VOLUMES_OUTPUT,
} from '../contract';
import type { OnDelete } from '../constructs/kept-data';
import { KeptSecrets } from '../constructs/kept-secrets';
import { KeptVolumes, type VolumeData } from '../constructs/kept-volumes';
import { VolumeSnapshots } from '../constructs/volume-snapshots';
import { brokerSlots, mongodbSlots } from '../slots';
import type { SlotPlace } from './network';

/** What is in it may be made again: it is destroyed without being asked. */
const DEVELOPMENT_STAGE = 'dev';

export interface DataStackProps extends StackProps {
  readonly config: Config;
  readonly places: readonly SlotPlace[];
}

/**
 * What outlives the nodes: one volume for each slot (Swarm identity, images, Kafka's and MongoDB's data) and the secrets.
 * Kept when the stack is destroyed, unless `dataRemoval` says otherwise, and found again by the next deployment.
 * Protected from termination where it keeps them, but in the stage `dev`.
 * Beside them the policy by which snapshots of the volumes are taken, and the log group of the documents: a first
 * deployment of the nodes that fails is removed as a whole, and what its documents said is what tells why.
 */
export class DataStack extends Stack {
  /** By slot name; `ref` is the volume's id. */
  readonly volumes: Readonly<Record<string, CustomResource>>;
  /** `ref` is the ARN. */
  readonly secrets: Readonly<Record<SecretId, CustomResource>>;
  /** Changes whenever a secret got a new version at deployment, so that what depends on it is run again. */
  readonly secretVersions: string;
  private readonly lookedFor: string;

  constructor(scope: Construct, id: string, props: DataStackProps) {
    super(scope, id, { ...props, terminationProtection: isProtected(props.config) });
    const { config, places } = props;
    const { stage } = config;
    this.lookedFor = config.dataVolumes;
    const onDelete: OnDelete = config.dataRemoval === 'retain' ? 'keep' : 'delete';

    const sizeGiB = config.dataVolumeGiB;
    // CloudFormation passes its tags to no custom resource.
    const tags = Object.keys(config.tags).length ? { tags: config.tags } : {};
    const volumes = places.map((place) => ({ ...place, holds: dataOf(config, place.slot) }));
    const lookAgainFor = config.dataVolumes === NO_DATA_VOLUMES ? {} : { lookAgainFor: config.dataVolumes };
    this.volumes = new KeptVolumes(this, 'Volumes', {
      ...{ stage, sizeGiB, volumes, onDelete },
      ...tags,
      ...lookAgainFor,
    }).resources;
    new CfnOutput(this, VOLUMES_OUTPUT, {
      value: this.volumesOf(places.map(({ slot }) => slot)),
      description: 'by which metals deploy knows whether a volume has gone since',
    });

    if (config.snapshotRetentionDays > 0)
      new VolumeSnapshots(this, 'Snapshots', { stage, retentionDays: config.snapshotRetentionDays });

    new logs.LogGroup(this, 'DocumentLogs', {
      logGroupName: documentLogGroup(stage),
      retention: logs.RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });

    const secret = (secretId: SecretId) => {
      const principals: readonly string[] = SECRETS[secretId];
      const description = principals.length
        ? `Passwords of ${principals.join(', ')}; each becomes a Docker secret of its own`
        : 'Sent by clients of POST /produce in the header x-api-key';
      return { name: secretName(stage, secretId), description, principals };
    };
    const secrets = new KeptSecrets(this, 'Secrets', {
      stage,
      onDelete,
      ...tags,
      secrets: {
        'mongodb-password': secret('mongodb-password'),
        'kafka-password': secret('kafka-password'),
        'api-key': secret('api-key'),
      },
    });
    this.secrets = secrets.resources;
    this.secretVersions = secrets.versions;
  }

  /**
   * Ids of these slots' volumes, for what must be done again when a slot gets another one, and the setting by which they were
   * looked for: the CDK deploys no stack whose template is the same, whatever its references stand for now.
   */
  volumesOf(slots: readonly string[]): string {
    return [...slots.map((slot) => this.volumes[slot]!.ref), this.lookedFor].join(',');
  }
}

const isProtected = ({ dataRemoval, stage }: Config): boolean =>
  dataRemoval === 'retain' && stage !== DEVELOPMENT_STAGE;

/** What is on the volume of this slot, and nowhere else. */
function dataOf(config: Config, slot: string): VolumeData[] {
  const brokers = brokerSlots(config);
  const holders = {
    swarm: config.managers === 1 ? FIRST_MANAGER : undefined,
    kafka: brokers.length === 1 ? brokers[0] : undefined,
    mongodb: mongodbSlots(config)[0],
  };
  return (Object.keys(holders) as VolumeData[]).filter((data) => holders[data] === slot);
}
