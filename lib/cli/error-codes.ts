/**
 * Every error of `metals` by its code, which stands behind its first line: what it means, and what helps. docs/errors.md is
 * generated from this file: npx tsx scripts/error-table.ts
 */
import { EXIT } from '../contract';

interface ErrorKind {
  /** What scripts go by. */
  readonly exitCode: number;
  readonly means: string;
  /** In general; each error says what helps in its case. */
  readonly helps: string;
}

const kinds = <K extends string>(all: Record<K, ErrorKind>): Readonly<Record<K, ErrorKind>> => all;

export const ERRORS = kinds({
  usage: {
    exitCode: EXIT.usage,
    means:
      'A verb, a flag or an argument is unknown, missing, or has a value that it cannot have. Nothing was changed.',
    helps: 'The help of the verb: it names the flags and shows examples.',
  },
  configuration: {
    exitCode: EXIT.usage,
    means: 'Settings are unknown, out of range, or contradict each other. All of them are listed; nothing was changed.',
    helps: '`lib/config.ts` describes every setting; set it in `cdk.json` or with `--context key=value`.',
  },
  unconfirmed: {
    exitCode: EXIT.usage,
    means: 'The verb asks before it changes something, and there is no terminal on which anybody could answer.',
    helps: '`--yes` answers beforehand; `--dry-run` shows what would change.',
  },
  declined: {
    exitCode: EXIT.failure,
    means: 'The question was not answered with yes, or not with the name that it asked for. Nothing was changed.',
    helps: 'The same command asks again.',
  },
  'no-region': {
    exitCode: EXIT.usage,
    means: 'No region is set, neither by a flag nor by the environment nor by the profile.',
    helps: '`--region`, or `AWS_REGION`. For the lab: `. .lab/env`.',
  },
  'unknown-region': {
    exitCode: EXIT.usage,
    means: 'AWS has no region of that name.',
    helps: 'The nearest name is suggested.',
  },
  'region-off': {
    exitCode: EXIT.unhealthy,
    means: 'The region has to be switched on for the account before it can be used.',
    helps: '`aws account enable-region`, then some minutes of patience; or another region.',
  },
  'wrong-place': {
    exitCode: EXIT.usage,
    means:
      'What was asked for exists on AWS only, or in the lab only, or the environment names half of one and half of the other.',
    helps: 'For the lab: `. .lab/env`; for AWS: a shell without it.',
  },
  credentials: {
    exitCode: EXIT.notAuthorised,
    means: 'There are no credentials, they have expired, or AWS or the lab does not know them.',
    helps:
      '`aws sso login`, or `--profile`; `aws sts get-caller-identity` shows who you are. For the lab: `. .lab/env`.',
  },
  forbidden: {
    exitCode: EXIT.notAuthorised,
    means: 'The credentials are valid and lack a right; the message names the action.',
    helps: '[The rights of each step](aws.md#before-you-begin).',
  },
  unreachable: {
    exitCode: EXIT.failure,
    means: 'Nothing answers: no network, a proxy, a region without this service, or a lab that is down.',
    helps: 'The network, `HTTPS_PROXY`, the name of the region; for the lab: `./bin/metals lab status`.',
  },
  'not-deployed': {
    exitCode: EXIT.failure,
    means: 'The account and region have no deployment of this stage; those that there are are listed.',
    helps: '`--stage`, `--region` or `--profile`; or `./bin/metals deploy`.',
  },
  'other-version': {
    exitCode: EXIT.failure,
    means: 'A document answered what this command line does not understand: one of them is older.',
    helps: '`./bin/metals deploy` brings both to the same version.',
  },
  deadline: {
    exitCode: EXIT.failure,
    means:
      'It was not finished in time; the message says what it still waited for. What was sent to a node may go on there.',
    helps: '`./bin/metals status`; more time with `--timeout`.',
  },
  'no-manager': {
    exitCode: EXIT.failure,
    means: 'No manager is online in Systems Manager, or none can speak for the Swarm.',
    helps: '[When a majority of the managers is lost](nodes.md).',
  },
  'document-failed': {
    exitCode: EXIT.failure,
    means: 'A document failed on its node; its instance, command id and last lines are in the message.',
    helps: 'The reason in the message; then the same command again.',
  },
  'no-plugin': {
    exitCode: EXIT.failure,
    means: 'Sessions are carried by a program of AWS, `session-manager-plugin`, and it is not installed here.',
    helps: 'Install it as AWS says; in the lab `npm run lab:plugin` builds one.',
  },
  'volume-lost': {
    exitCode: EXIT.failure,
    means: 'The only manager has no data volume any more, and the Swarm was on it.',
    helps: '`./bin/metals deploy` says what was on it, and how to go on.',
  },
  'preflight-failed': {
    exitCode: EXIT.unhealthy,
    means: 'The deployment would have failed; every reason is listed. Nothing was changed.',
    helps: '`./bin/metals preflight` shows all checks; `--no-preflight` tries anyway.',
  },
  'deployment-failed': {
    exitCode: EXIT.failure,
    means:
      'A deployment ended with an error: `cdk deploy`, `cdk diff`, or what `rollback` has asked of CloudFormation. Its reason stands in the message, or above it.',
    helps: 'The reason; then the same command: it goes on where it stopped.',
  },
  'left-behind': {
    exitCode: EXIT.failure,
    means: 'The stacks have gone, and something of the stage that should have gone with them is still there.',
    helps: 'The commands below the message, each of which removes one of the things.',
  },
  refused: {
    exitCode: EXIT.failure,
    means: 'The state does not allow what was asked for; the message says which state. Nothing was changed.',
    helps: 'The message says what has to come first.',
  },
  interrupted: {
    exitCode: EXIT.interrupted,
    means: 'Ctrl-C, or SIGTERM (exit code 143). What goes on where, and what is left behind, stands below.',
    helps: 'The same command goes on.',
  },
  failed: {
    exitCode: EXIT.failure,
    means: 'None of the others: the message is that of AWS, of Docker or of a program.',
    helps: '`DEBUG=1` shows where it happened.',
  },
});

export type ErrorCode = keyof typeof ERRORS;
