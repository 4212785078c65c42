import { CustomResource, Duration, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { BundledFunction } from './bundled-function';
import { FunctionProvider } from './function-provider';

/** A secret that holds one password per principal, or, without principals, one value that is not looked at. */
export interface PrincipalSecret {
  readonly arn: string;
  readonly principals: readonly string[];
}

export interface PrincipalPasswordsProps {
  readonly secrets: readonly PrincipalSecret[];
}

/**
 * Gives every principal of a secret a generated password, once.
 *
 * Resources Deployed: a Lambda function (and the provider framework's), a custom resource.
 *
 * Security Considerations: the function may read and write exactly the secrets with principals; it never logs or returns a value,
 * and never replaces a password that is there.
 */
export class PrincipalPasswords extends Construct {
  /** The secrets' version ids, joined: changes when a password was added. */
  readonly versions: string;

  constructor(scope: Construct, id: string, props: PrincipalPasswordsProps) {
    super(scope, id);
    const arns = (which: (secret: PrincipalSecret) => boolean) => props.secrets.filter(which).map(({ arn }) => arn);
    const handler = new BundledFunction(this, 'Handler', {
      program: 'principal-passwords',
      timeout: Duration.minutes(1),
      description: 'Adds missing passwords to secrets that hold one per principal',
    });
    handler.addToRolePolicy(
      new iam.PolicyStatement({
        actions: ['secretsmanager:GetSecretValue', 'secretsmanager:PutSecretValue'],
        resources: arns((secret) => secret.principals.length > 0),
      }),
    );
    handler.addToRolePolicy(
      new iam.PolicyStatement({
        actions: ['secretsmanager:DescribeSecret'],
        resources: arns((secret) => secret.principals.length === 0),
      }),
    );
    handler.addToRolePolicy(
      // GetRandomPassword names no secret, so it cannot be narrowed further.
      new iam.PolicyStatement({ actions: ['secretsmanager:GetRandomPassword'], resources: ['*'] }),
    );
    const resource = new CustomResource(this, 'Resource', {
      serviceToken: new FunctionProvider(this, 'Provider', { onEventHandler: handler }).serviceToken,
      resourceType: 'Custom::PrincipalPasswords',
      properties: {
        Secrets: Stack.of(this).toJsonString(props.secrets),
      },
    });
    this.versions = resource.getAttString('Versions');
  }
}
