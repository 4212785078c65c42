import * as path from 'node:path';
import { type Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { bundleProgram, ROOT } from './bundle';

export interface BundledFunctionProps {
  /** File beside the constructs, without `.handler.ts`. */
  readonly program: string;
  /** Name of the exported function. @default handler */
  readonly handler?: string;
  readonly timeout: Duration;
  readonly description: string;
}

/** Programs that were bundled in this process; two functions may share one. */
const bundled = new Set<string>();

function codeOf(program: string): lambda.Code {
  const folder = path.join('build', 'functions', program);
  if (!bundled.has(program)) {
    // Node.js 20 as well: that is what runs functions in the lab.
    bundleProgram(path.join('lib', 'constructs', `${program}.handler.ts`), path.join(folder, 'index.js'), 'node20');
    bundled.add(program);
  }
  return lambda.Code.fromAsset(path.join(ROOT, folder));
}

/** A Lambda function bundled into one file, the pinned AWS SDK included: what was tested is what runs. */
export class BundledFunction extends lambda.Function {
  constructor(scope: Construct, id: string, props: BundledFunctionProps) {
    super(scope, id, {
      code: codeOf(props.program),
      handler: `index.${props.handler ?? 'handler'}`,
      runtime: lambda.Runtime.NODEJS_22_X,
      memorySize: 256,
      timeout: props.timeout,
      description: props.description,
      logGroup: new logs.LogGroup(scope, `${id}Logs`, {
        retention: logs.RetentionDays.ONE_MONTH,
        removalPolicy: RemovalPolicy.DESTROY,
      }),
    });
  }
}
