import { RemovalPolicy } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Provider, type ProviderProps } from 'aws-cdk-lib/custom-resources';
import type { Construct } from 'constructs';

export type FunctionProviderProps = Pick<
  ProviderProps,
  'onEventHandler' | 'isCompleteHandler' | 'queryInterval' | 'totalTimeout'
>;

/**
 * CDK's provider framework around a custom resource's functions.
 *
 * Its functions share one log group with a generated name. With `@aws-cdk/aws-lambda:useCdkManagedLogGroup` CDK would
 * create `/aws/lambda/<function>` beside each function, and fail with "LogGroup already exists" when Lambda has written
 * there first (aws-cdk#32689).
 *
 * The reason of a failure is the text that the functions throw, without stack frames of the framework's own code.
 */
export class FunctionProvider extends Provider {
  constructor(scope: Construct, id: string, props: FunctionProviderProps) {
    super(scope, id, {
      ...props,
      logGroup: new logs.LogGroup(scope, `${id}Logs`, {
        retention: logs.RetentionDays.ONE_MONTH,
        removalPolicy: RemovalPolicy.DESTROY,
      }),
    });
    for (const child of this.node.findAll()) {
      // The framework sends the stack of the error that it makes of ours, wherever Lambda passes no trace on.
      if (child instanceof lambda.Function) child.addEnvironment('NODE_OPTIONS', '--stack-trace-limit=0');
    }
  }
}
