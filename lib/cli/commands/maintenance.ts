import { z } from 'zod';
import { EXIT } from '../../contract';
import { askManager, waiting } from '../ask-manager';
import type { Context } from '../context';
import { CliError } from '../errors';
import { completeCommands } from '../next-command';
import { visible } from '../../safe-text';
import { assertDeployed, connect } from '../systems-manager';
import type { Verb } from '../verbs/verb';

export const MAINTENANCE_FAILED = 'not every edge has the change';
const NOT_CHANGED = 'nothing was changed';
/** Each node takes some 25 s with a load balancer, and there may be 25 of them. */
const DEFAULT_SECONDS = 900;
const LONGEST_MESSAGE = 200;

const schema = z.object({ changed: z.boolean(), message: z.string().nullable() });
type Answer = z.infer<typeof schema>;

const STATES = ['on', 'off'] as const;

export interface MaintenanceOptions {
  /** Missing: what it is now. */
  readonly state?: string;
  readonly message?: string;
}

/** `metals maintenance on | off`: whether the edges take events, or tell whoever sends one to come again later. */
export async function maintenance(context: Context, options: MaintenanceOptions): Promise<number> {
  const { terminal, stage } = context;
  const parameters = maintenanceParameters(options);
  const connection = await connect(context);
  await assertDeployed(context, connection, 'edge-maintenance', NOT_CHANGED);
  const { timeoutSeconds, TimeoutSeconds } = waiting(context, DEFAULT_SECONDS);
  const answer = await askManager(context, connection, {
    document: 'edge-maintenance',
    title: options.state === undefined ? 'asking a manager' : 'changing one edge after the other',
    parameters: { ...parameters, TimeoutSeconds },
    timeoutSeconds,
    answer: schema,
    failure: options.state === undefined ? 'it could not be asked' : MAINTENANCE_FAILED,
    next: './bin/metals status',
  });
  if (terminal.json) terminal.value({ stage, maintenance: answer.message !== null, ...answer });
  else report(context, answer, options.state !== undefined);
  return EXIT.ok;
}

/** Pure: what was typed, as the document takes it. @throws CliError (usage) */
export function maintenanceParameters({ state = 'ask', message }: MaintenanceOptions): Record<string, string> {
  // Never one that changes something: what was meant is not known.
  const usage = (why: string): CliError =>
    new CliError(
      NOT_CHANGED,
      why,
      ['./bin/metals maintenance --help', './bin/metals maintenance    # what it is now'],
      'usage',
    );
  if (state !== 'ask' && !STATES.some((known) => known === state))
    throw usage(`got "${state}", expected ${STATES.join(' or ')}`);
  if (message === undefined) return { State: state };
  if (state !== 'on') throw usage('--message goes with on');
  if (!/^[A-Za-z0-9][A-Za-z0-9 .,:;/@_+-]*$/.test(message) || message.length > LONGEST_MESSAGE)
    throw usage(
      `--message: expected 1 to ${LONGEST_MESSAGE} letters, digits, spaces and .,:;/@_+- with a letter or digit first`,
    );
  return { State: state, Message: message };
}

function report({ terminal, given }: Context, { changed, message }: Answer, asked: boolean): void {
  const state =
    message === null
      ? 'events are taken'
      : `under maintenance: POST /produce is answered 503 with "${visible(message)}"; what was accepted before is stored`;
  terminal.note(asked && !changed ? `${state}; it was so already` : state);
  if (message !== null) terminal.note(completeCommands('next: ./bin/metals maintenance off', given));
}

export const verb: Verb<MaintenanceOptions> = { failure: MAINTENANCE_FAILED, run: maintenance };
