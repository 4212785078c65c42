/** What the flags and the environment say, checked once, before any command does anything. */
import { readCdkContext } from '../cdk-json';
import { LAB_ACCOUNT_ID, LAB_REGION, STAGE } from '../contract';
import { chooseStage } from '../stage';
import { durationProblem, parseDurationSeconds } from './duration';
import type { ErrorCode } from './error-codes';
import { CliError } from './errors';
import type { Given } from './next-command';
import { Terminal, type Io } from './terminal';

/** Options that every command takes. */
export interface GlobalOptions {
  readonly stage?: string;
  readonly region?: string;
  readonly profile?: string;
  readonly timeout?: string;
  readonly json?: boolean;
  readonly color: boolean;
}

export interface Context {
  readonly terminal: Terminal;
  /** False with --no-color. */
  readonly color: boolean;
  readonly stage: string;
  /** Missing: the SDK takes the profile's. */
  readonly region?: string;
  readonly profile?: string;
  /** What chose the deployment on the command line; the command to type next repeats it. `lab up` clears it. */
  given: Given;
  /** Set for the lab: where AWS is answered from instead. */
  readonly endpoint?: string;
  readonly isLab: boolean;
  readonly timeoutSeconds?: number;
  /** Aborted by Ctrl-C. */
  readonly interrupted: AbortSignal;
  /** While this runs, Ctrl-C is meant for another program on the same terminal. */
  withoutInterrupts: <T>(work: () => Promise<T>) => Promise<T>;
  /** What is left behind if interrupted now, and how to go on; commands replace it as they get on. */
  leaveBehind: readonly string[];
  /** What failed, if it fails now; missing: the verb's own words. Commands replace it as they get on. */
  failure?: string;
}

/** `npm run lab` deploys one stage; others in the lab are deployed like those on AWS. */
export const isLabsOwn = ({ isLab, stage }: Pick<Context, 'isLab' | 'stage'>): boolean =>
  isLab && stage === STAGE.defaultFor(true);

/** Nothing that is waited for takes longer, and timers know less than a month. */
const LONGEST_TIMEOUT_SECONDS = 24 * 3_600;

const usage = (why: string, next: string, code: ErrorCode = 'usage'): CliError =>
  new CliError('the command did not start', why, [next], code);

/** @throws CliError with the flag, the value and what is allowed */
export function readContext(
  options: GlobalOptions,
  io: Io,
  interrupted: AbortSignal,
  cdkContext: Readonly<Record<string, unknown>> = readCdkContext(),
): Context {
  const env = io.env;
  const endpoint = env.AWS_ENDPOINT_URL || undefined;
  const isLab = !options.profile && env.AWS_ACCESS_KEY_ID === LAB_ACCOUNT_ID;
  const region = options.region ?? (env.AWS_REGION || env.AWS_DEFAULT_REGION || undefined);
  const chosen = chooseStage({ typed: options.stage, env: env.METALS_STAGE, file: cdkContext.stage });
  const { stage, from } = chosen ?? { stage: STAGE.defaultFor(isLab), from: '--stage' };

  if (options.profile === '')
    throw usage('--profile: got "", expected the name of a profile', 'aws configure list-profiles');
  if (!STAGE.pattern.test(stage)) {
    throw usage(`${from}: got "${stage}", expected ${STAGE.allowed}`, 'add --stage NAME');
  }
  if (isLab && !endpoint) {
    throw usage(`account ${LAB_ACCOUNT_ID} is the lab, but AWS_ENDPOINT_URL is not set`, '. .lab/env', 'wrong-place');
  }
  if (isLab && region !== undefined && region !== LAB_REGION) {
    throw usage(
      `--region: got "${region}", but the lab serves ${LAB_REGION} only`,
      `add --region ${LAB_REGION}, or: . .lab/env`,
      'wrong-place',
    );
  }
  if (region !== undefined && !/^[a-z]{2}(-[a-z]+)+-\d$/.test(region)) {
    throw usage(`--region: got "${region}", expected an AWS region`, 'add --region eu-west-1');
  }
  const timeoutSeconds =
    options.timeout === undefined ? undefined : parseDurationSeconds(options.timeout, LONGEST_TIMEOUT_SECONDS);
  if (options.timeout !== undefined && timeoutSeconds === undefined) {
    throw usage(durationProblem('--timeout', options.timeout, LONGEST_TIMEOUT_SECONDS), 'add --timeout 15m');
  }
  return {
    terminal: new Terminal(io, options.color, options.json ?? false),
    color: options.color,
    stage,
    region: isLab ? (region ?? LAB_REGION) : region,
    profile: options.profile,
    given: {
      command: env.METALS_COMMAND || undefined,
      stage: options.stage,
      region: options.region,
      profile: options.profile,
    },
    endpoint,
    isLab,
    timeoutSeconds,
    interrupted,
    withoutInterrupts: (work) => work(),
    leaveBehind: [],
  };
}
