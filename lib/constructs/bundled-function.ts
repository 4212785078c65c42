import * as path from 'node:path';
import { type Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';

export interface BundledFunctionProps {
  /** File beside the constructs that exports `handler`. */
  readonly entry: string;
  /** Name of the exported function. @default handler */
  readonly handler?: string;
  readonly timeout: Duration;
  readonly description: string;
}

/** A Lambda function bundled by esbuild into one file, the pinned AWS SDK included: what was tested is what runs. */
export class BundledFunction extends NodejsFunction {
  constructor(scope: Construct, id: string, props: BundledFunctionProps) {
    super(scope, id, {
      entry: path.join(__dirname, props.entry),
      handler: props.handler ?? 'handler',
      runtime: lambda.Runtime.NODEJS_22_X,
      memorySize: 256,
      timeout: props.timeout,
      description: props.description,
      logGroup: new logs.LogGroup(scope, `${id}Logs`, {
        retention: logs.RetentionDays.ONE_MONTH,
        removalPolicy: RemovalPolicy.DESTROY,
      }),
      bundling: { format: OutputFormat.CJS, minify: true, externalModules: [], target: 'node20' },
    });
  }
}
