import { readFileSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { type Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { REPOSITORY } from '../repository';
import { bundleProgram } from './bundle';
import { inFreshFolder } from './fresh-folder';

export interface BundledFunctionProps {
  /** File beside the constructs, without `.handler.ts`. */
  readonly program: string;
  /** Name of the exported function. @default handler */
  readonly handler?: string;
  readonly timeout: Duration;
  readonly description: string;
}

/** Bundles made in this process, by program: two functions may share one. */
const bundles = new Map<string, Buffer>();

/** Puts the bundle of `program` into `folder`. */
function codeOf(program: string, folder: string): lambda.Code {
  const file = path.join(folder, 'index.js');
  const made = bundles.get(program);
  if (made) writeFileSync(file, made);
  else {
    // Node.js 20 as well: that is what runs functions in the lab.
    bundleProgram(path.join('lib', 'constructs', `${program}.handler.ts`), path.relative(REPOSITORY, file), 'node20');
    bundles.set(program, readFileSync(file));
  }
  return lambda.Code.fromAsset(folder);
}

/** A Lambda function bundled into one file, the pinned AWS SDK included: what was tested is what runs. */
export function bundledFunction(scope: Construct, id: string, props: BundledFunctionProps): lambda.Function {
  const logGroup = new logs.LogGroup(scope, `${id}Logs`, {
    retention: logs.RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  return inFreshFolder(scope, props.program, (folder) => {
    return new lambda.Function(scope, id, {
      code: codeOf(props.program, folder),
      handler: `index.${props.handler ?? 'handler'}`,
      runtime: lambda.Runtime.NODEJS_22_X,
      memorySize: 256,
      timeout: props.timeout,
      description: props.description,
      logGroup,
    });
  });
}
