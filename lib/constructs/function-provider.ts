import { RemovalPolicy } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Provider, type ProviderProps } from 'aws-cdk-lib/custom-resources';
import { Construct } from 'constructs';

export type FunctionProviderProps = Pick<
  ProviderProps,
  'onEventHandler' | 'isCompleteHandler' | 'queryInterval' | 'totalTimeout'
>;

/**
 * CDK's provider framework around a custom resource's functions.
 *
 * Its functions share one log group, given to them by name. With `@aws-cdk/aws-lambda:useCdkManagedLogGroup` CDK would
 * create `/aws/lambda/<function>` beside each function, and fail with "LogGroup already exists" when Lambda has written
 * there first (aws-cdk#32689).
 */
export class FunctionProvider extends Construct {
  readonly serviceToken: string;

  constructor(scope: Construct, id: string, props: FunctionProviderProps) {
    super(scope, id);
    const logGroup = new logs.LogGroup(this, 'Logs', {
      retention: logs.RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const provider = new Provider(this, 'Framework', { ...props, logGroup });
    this.serviceToken = provider.serviceToken;
  }
}
