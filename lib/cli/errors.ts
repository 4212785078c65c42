/** A failure as the user reads it: what failed -> why -> what to type next. Never a stack trace, unless DEBUG is set. */
import { ActionableError } from '../actionable-error';
import { isExpired, isRefusal, isUnknownSigner, isUnreachable } from '../aws-errors';
import { unknownRegion } from '../regions';
import { DeadlineError } from '../ssm/deadline';
import { ERRORS, type ErrorCode } from './error-codes';

export class CliError extends Error {
  constructor(
    readonly what: string,
    readonly why: string,
    readonly next: readonly string[],
    readonly code: ErrorCode = 'failed',
    private readonly options: ErrorOptions & { readonly exitCode?: number } = {},
  ) {
    super(`${what}: ${why}`, options);
    this.name = 'CliError';
  }

  get exitCode(): number {
    return this.options.exitCode ?? ERRORS[this.code].exitCode;
  }

  /** As --json shows it. */
  toJSON(): Record<string, unknown> {
    const { code, what, why, next, exitCode } = this;
    return { code, what, why, next, exitCode };
  }

  /** The same failure with other commands. */
  withNext(next: readonly string[]): CliError {
    const copy = new CliError(this.what, this.why, next, this.code, this.options);
    copy.stack = this.stack;
    return copy;
  }
}

/** What an AWS error is explained with. */
export interface ErrorContext {
  readonly what: string;
  readonly region?: string;
  readonly profile?: string;
  readonly endpoint?: string;
  /** AWS_PROFILE, where `profile` was not typed. */
  readonly profileOfShell?: string;
}

/** What to type where the lab was meant. */
export const USE_LAB = 'for the lab: . .lab/env (after npm run lab)';

/** Turns whatever was thrown into something to act on. */
export function explainError(error: unknown, context: ErrorContext): CliError {
  if (error instanceof CliError) return error;
  if (error instanceof ActionableError)
    return new CliError(
      context.what,
      error.message,
      error.next,
      error.name === 'NoManagerError' ? 'no-manager' : 'failed',
      { cause: error },
    );
  const { name, message } = asError(error);
  const make = (why: string, next: readonly string[], code: ErrorCode): CliError =>
    new CliError(context.what, why, next, code, { cause: error });
  const signIn = `aws sso login${context.profile ? ` --profile ${context.profile}` : ''}`;
  const isLab = context.endpoint !== undefined;

  if (name === 'CredentialsProviderError') {
    if (/expired|sso session/i.test(message))
      return make(`the sign-in has expired (${message})`, [signIn], 'credentials');
    if (context.profile) {
      return make(
        `the profile "${context.profile}" gives no credentials (${message})`,
        [signIn, 'aws configure list-profiles'],
        'credentials',
      );
    }
    if (context.profileOfShell)
      return make(
        `the profile "${context.profileOfShell}" (AWS_PROFILE) gives no credentials (${message})`,
        [signIn, 'aws configure list-profiles', USE_LAB],
        'credentials',
      );
    return make(
      'no AWS credentials were found in the environment, a profile or the machine',
      [signIn, 'or name a profile with --profile: aws configure list-profiles', USE_LAB],
      'credentials',
    );
  }
  if (isExpired(error)) return make(`the session token has expired (${message})`, [signIn], 'credentials');
  if (isRefusal(error)) {
    return make(`these credentials may not do this: ${message}`, ['aws sts get-caller-identity'], 'forbidden');
  }
  if (isUnknownSigner(error)) {
    const why = isLab
      ? `the lab does not accept these credentials: ${message}`
      : `AWS does not know these credentials: ${message}`;
    return make(why, isLab ? ['. .lab/env'] : ['aws sts get-caller-identity', signIn], 'credentials');
  }
  if (/region is missing/i.test(message)) {
    return make('no region is set', ['add --region eu-west-1, or export AWS_REGION=eu-west-1', USE_LAB], 'no-region');
  }
  if (isUnreachable(error)) return unreachable(context, message, error);
  if (error instanceof DeadlineError) {
    return make(
      `not finished within ${Math.round(error.timeoutSeconds)} s; still waiting for: ${error.reason}`,
      ['./bin/metals status', 'or allow more time with --timeout'],
      'deadline',
    );
  }
  return make(
    name === 'Error' ? message : `${name}: ${message}`,
    ['run it again with DEBUG=1 to see where it happened'],
    'failed',
  );
}

function unreachable(context: ErrorContext, message: string, cause: unknown): CliError {
  if (context.endpoint) {
    return new CliError(
      context.what,
      `nothing answers at ${context.endpoint} (AWS_ENDPOINT_URL): ${message}`,
      ['./bin/metals lab status', 'npm run lab'],
      'unreachable',
      { cause },
    );
  }
  const { region } = context;
  const hint = region && unknownRegion(region);
  return new CliError(
    context.what,
    `AWS does not answer in region ${region ?? '(none)'}${hint ? ` (${hint})` : ''}: ${message}`,
    [
      'check the network and the name of the region',
      'behind a proxy: export HTTPS_PROXY=http://HOST:PORT    # the CDK and AWS command lines take it too',
    ],
    'unreachable',
    { cause },
  );
}

/** A refused connection arrives as an AggregateError whose own message is empty. */
function asError(error: unknown): { name: string; message: string } {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const nested = error instanceof AggregateError ? (error.errors[0] as Error | undefined) : undefined;
  const code = (error as NodeJS.ErrnoException).code ?? (nested as NodeJS.ErrnoException | undefined)?.code ?? '';
  return { name: error.name, message: error.message || nested?.message || code || error.name };
}
