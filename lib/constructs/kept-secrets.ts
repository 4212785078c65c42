import { CustomResource, Duration, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { bundledFunction } from './bundled-function';
import { FunctionProvider } from './function-provider';
import type { DataTags, OnDelete } from './kept-data';
import type { SecretProperties } from './kept-secrets.handler';

/** A secret that holds one password for each principal, or, without principals, one value that is not looked at. */
export interface KeptSecret {
  readonly name: string;
  readonly description: string;
  readonly principals: readonly string[];
}

export interface KeptSecretsProps<Id extends string> {
  readonly stage: string;
  readonly secrets: Readonly<Record<Id, KeptSecret>>;
  readonly onDelete: OnDelete;
  /** @default none */
  readonly tags?: DataTags;
}

/**
 * Secrets that outlive their stack and are found again by name, with their values, also while they are scheduled for
 * deletion: CloudFormation's own resource refuses a name that is taken.
 *
 * Resources Deployed: a Lambda function (and the provider framework's), a custom resource for each secret.
 *
 * Security Considerations: the function may read and write exactly these secrets, and delete them only where their stack
 * may. It never logs or returns a value, and never replaces a password that is there.
 */
export class KeptSecrets<Id extends string> extends Construct {
  /** `ref` is the ARN. */
  readonly resources: Readonly<Record<Id, CustomResource>>;
  /** The secrets' version ids, joined: changes when a password was added. */
  readonly versions: string;

  constructor(scope: Construct, id: string, props: KeptSecretsProps<Id>) {
    super(scope, id);
    const handler = bundledFunction(this, 'Handler', {
      program: 'kept-secrets',
      // Longer than a refused call is repeated (late-grants.ts).
      timeout: Duration.minutes(3),
      description: 'Creates secrets, or takes over those that are there, and adds missing passwords',
    });
    for (const statement of this.statements(props)) handler.addToRolePolicy(statement);
    const { serviceToken } = new FunctionProvider(this, 'Provider', { onEventHandler: handler });
    const resource = (secretId: Id): CustomResource => {
      const { name, description, principals } = props.secrets[secretId];
      const properties: SecretProperties = {
        Name: name,
        Description: description,
        Stage: props.stage,
        Principals: principals.join(','),
        OnDelete: props.onDelete,
        ...(props.tags && { Tags: props.tags }),
      };
      return new CustomResource(this, secretId, { serviceToken, resourceType: 'Custom::KeptSecret', properties });
    };
    const ids = Object.keys(props.secrets) as Id[];
    this.resources = Object.fromEntries(ids.map((secretId) => [secretId, resource(secretId)])) as Record<
      Id,
      CustomResource
    >;
    this.versions = ids.map((secretId) => this.resources[secretId].getAttString('Version')).join(',');
  }

  private statements({ secrets, onDelete }: KeptSecretsProps<Id>): iam.PolicyStatement[] {
    const all = Object.values<KeptSecret>(secrets);
    const allow = (actions: string[], resources: string[]) => new iam.PolicyStatement({ actions, resources });
    /** Secrets Manager appends a dash and six random characters. */
    const existing = (of: readonly KeptSecret[]) => of.map(({ name }) => this.arn(`${name}-??????`));
    return [
      // Judged before the suffix is drawn: with which one instead is not documented.
      allow(
        ['secretsmanager:CreateSecret', 'secretsmanager:TagResource'],
        all.map(({ name }) => this.arn(`${name}-*`)),
      ),
      allow(['secretsmanager:DescribeSecret', 'secretsmanager:RestoreSecret'], existing(all)),
      allow(
        ['secretsmanager:GetSecretValue', 'secretsmanager:PutSecretValue'],
        existing(all.filter(({ principals }) => principals.length > 0)),
      ),
      // GetRandomPassword names no secret, so it cannot be narrowed further.
      allow(['secretsmanager:GetRandomPassword'], ['*']),
      ...(onDelete === 'delete' ? [allow(['secretsmanager:DeleteSecret'], existing(all))] : []),
    ];
  }

  private arn(secret: string): string {
    const { partition, region, account } = Stack.of(this);
    return `arn:${partition}:secretsmanager:${region}:${account}:secret:${secret}`;
  }
}
