/** What was typed after `npm run test:aws --`, checked before AWS is asked. Pure. */
import { parseArgs } from 'node:util';
import { CliError } from '../../lib/cli/errors';
import { STAGE } from '../../lib/contract';

export const NOT_STARTED = 'the run against AWS did not start';

export const USAGE = `usage: npm run test:aws -- [--stage NAME] [--region REGION] [--profile PROFILE] [--yes-destroy NAME]

Deploys a stage of its own in an AWS account, runs the lab's cases that need nothing but AWS's APIs, and destroys the
stage with its data, whatever happened in between. It asks first.

  --stage NAME        a stage of which nothing is there yet (conformance)
  --region REGION     AWS region (AWS_REGION)
  --profile PROFILE   AWS profile (AWS_PROFILE)
  --yes-destroy NAME  do not ask: the stage's name once more, of which everything is destroyed at the end
  --help              this text
`;

export interface AwsRequest {
  readonly stage: string;
  readonly region: string | undefined;
  readonly profile: string | undefined;
  /** True: it was agreed to on the command line, and nobody is asked. */
  readonly agreed: boolean;
}

const refuse = (why: string, ...next: string[]): CliError => new CliError(NOT_STARTED, why, next, 'usage');
const OTHER_STAGE = 'choose another: npm run test:aws -- --stage conformance';

/** Undefined: the usage was asked for. @throws CliError with what was given and what is allowed */
export function readRequest(args: readonly string[]): AwsRequest | undefined {
  const { stage = 'conformance', region, profile, help, 'yes-destroy': destroyed } = parsed(args);
  if (help) return undefined;
  if (!STAGE.pattern.test(stage)) throw refuse(`--stage: got "${stage}", expected ${STAGE.allowed}`, OTHER_STAGE);
  if (stage === 'prod')
    throw refuse(
      '--stage: "prod" is the stage of production, and the run destroys its stage with its data',
      OTHER_STAGE,
    );
  if (destroyed !== undefined && destroyed !== stage)
    throw refuse(
      `--yes-destroy: got "${destroyed}", but the stage that would be destroyed is "${stage}"`,
      `add --yes-destroy ${stage}, or leave it out to be asked`,
    );
  return { stage, region, profile, agreed: destroyed === stage };
}

function parsed(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const options = { stage: text, region: text, profile: text, 'yes-destroy': text, help: { type: 'boolean' } } as const;
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw refuse((error as Error).message, 'npm run test:aws -- --help');
  }
}
