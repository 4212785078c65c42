import { RemovalPolicy, Stack, type StackProps, Tags } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import type { Config } from '../config';
import { PRINCIPALS, SECRETS, type SecretId, secretName, TAG } from '../contract';
import { PrincipalPasswords } from '../constructs/principal-passwords';
import type { SlotPlace } from './network';

export interface DataStackProps extends StackProps {
  readonly config: Config;
  readonly places: readonly SlotPlace[];
}

/**
 * What outlives the nodes: one volume for each slot (Swarm identity, images, Kafka's and MongoDB's data) and the secrets.
 * Kept when the stack is destroyed, unless `dataRemoval` says otherwise.
 */
export class DataStack extends Stack {
  /** By slot name. */
  readonly volumes: Readonly<Record<string, ec2.CfnVolume>>;
  readonly secrets: Readonly<Record<SecretId, secretsmanager.CfnSecret>>;
  /** Changes whenever a secret got a new version at deployment, so that what depends on it is run again. */
  readonly secretVersions: string;

  constructor(scope: Construct, id: string, props: DataStackProps) {
    super(scope, id, props);
    const { config } = props;
    // A first deployment that fails holds no data yet: what it made goes again, or its names would refuse the next one.
    const removalPolicy =
      config.dataRemoval === 'retain' ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY;

    this.volumes = Object.fromEntries(
      props.places.map(({ slot, role, availabilityZone }) => {
        const volume = new ec2.CfnVolume(this, `Volume-${slot}`, {
          availabilityZone,
          size: config.dataVolumeGiB,
          volumeType: 'gp3',
          encrypted: true,
        });
        volume.applyRemovalPolicy(removalPolicy);
        Tags.of(volume).add('Name', `metals-${config.stage}-${slot}-data`);
        Tags.of(volume).add(TAG.slot, slot);
        Tags.of(volume).add(TAG.role, role);
        return [slot, volume];
      }),
    );

    const secret = (secretId: SecretId) => {
      // One generated password per principal: the first is generated here, the others are added by PrincipalPasswords,
      // because Secrets Manager generates one value at a time.
      const principals: readonly string[] = SECRETS[secretId];
      const generate = { passwordLength: 32, excludePunctuation: true };
      const resource = new secretsmanager.CfnSecret(this, `Secret-${secretId}`, {
        name: secretName(config.stage, secretId),
        description: principals.length
          ? `Passwords of ${principals.join(', ')}; each becomes a Docker secret of its own`
          : 'Sent by clients of POST /produce in the header x-api-key',
        generateSecretString: principals.length
          ? { ...generate, secretStringTemplate: '{}', generateStringKey: PRINCIPALS[0] }
          : generate,
      });
      resource.applyRemovalPolicy(removalPolicy);
      return resource;
    };
    this.secrets = {
      'mongodb-password': secret('mongodb-password'),
      'kafka-password': secret('kafka-password'),
      'api-key': secret('api-key'),
    };
    this.secretVersions = new PrincipalPasswords(this, 'PrincipalPasswords', {
      secrets: (['mongodb-password', 'kafka-password', 'api-key'] as const).map((secretId) => ({
        arn: this.secrets[secretId].ref,
        principals: SECRETS[secretId],
      })),
    }).versions;
  }
}
