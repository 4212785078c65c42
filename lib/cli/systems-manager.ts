/** Runs the stage's documents on one of its managers. */
import { ListDocumentsCommand, SSMClient } from '@aws-sdk/client-ssm';
import { closest, distance } from 'fastest-levenshtein';
import { documentName, FIRST_MANAGER, TAG, type DocumentId, type NodeRole } from '../contract';
import { chooseManager, Deadline, DeadlineError, runCommand, type CommandState, type ManagerChoice } from '../ssm';
import { clientsOf } from './clients';
import { isLabsOwn, type Context } from './context';
import { formatSeconds } from './duration';
import { CliError } from './errors';
import { withActivity } from './activity';

/** Somebody waits for the answer. */
const FIRST_PAUSE_MS = 100;
const ONLY_READS: readonly DocumentId[] = ['stack-status', 'service-logs', 'swarm-evidence', 'swarm-events'];
/** How long one that was chosen may be offline before it is chosen anew. */
const GONE_SECONDS = 5;

export interface Connection {
  readonly ssm: SSMClient;
  readonly region: string;
}

/** A client by the default credential chain. The SDK honours AWS_ENDPOINT_URL by itself, so AWS and lab are one way. */
export async function connect(context: Context): Promise<Connection> {
  const ssm = (await clientsOf(context, context.region))(SSMClient);
  return { ssm, region: await ssm.config.region() };
}

/** @throws CliError naming the stages that there are, when this one's document is not among them */
export async function assertDeployed(
  context: Context,
  connection: Connection,
  id: DocumentId,
  what: string,
): Promise<void> {
  const wanted = documentName(context.stage, id);
  const names = await listDocumentNames(connection.ssm);
  if (names.includes(wanted)) return;
  if (names.includes(documentName(context.stage, 'stack-status')))
    throw new CliError(
      what,
      `the deployed version of stage ${context.stage} has no document ${id}: it is older than this command line`,
      ['./bin/metals deploy    # brings both to the same version'],
      'other-version',
    );
  const stages = stagesOf(names, id);
  const where = context.endpoint ? `the lab (${context.endpoint})` : connection.region;
  const deploy = isLabsOwn(context) ? 'npm run lab' : './bin/metals deploy';
  if (stages.length === 0) {
    throw new CliError(
      what,
      `no stage is deployed in ${where}: there is no document ${wanted}`,
      [deploy],
      'not-deployed',
    );
  }
  const nearest = closest(context.stage, stages);
  const hint = distance(context.stage, nearest) <= 3 || stages.length === 1 ? nearest : 'NAME';
  throw new CliError(
    what,
    `stage "${context.stage}" is not deployed in ${where}; deployed: ${stages.join(', ')}`,
    [`add --stage ${hint}`, `or deploy it: ${deploy}`],
    'not-deployed',
  );
}

async function listDocumentNames(ssm: SSMClient): Promise<string[]> {
  const names: string[] = [];
  let nextToken: string | undefined;
  do {
    const page = await ssm.send(
      new ListDocumentsCommand({
        Filters: [
          { Key: 'Owner', Values: ['Self'] },
          { Key: 'Name', Values: ['metals-'] },
        ],
        NextToken: nextToken,
      }),
    );
    names.push(...(page.DocumentIdentifiers ?? []).map((document) => document.Name ?? ''));
    nextToken = page.NextToken;
  } while (nextToken);
  return names;
}

/** Pure: the stages that have this document, from `metals-<stage>-<id>`. */
export function stagesOf(documentNames: readonly string[], id: DocumentId): string[] {
  const pattern = new RegExp(`^metals-(.+)-${id}$`);
  return documentNames.flatMap((name) => pattern.exec(name)?.[1] ?? []).sort();
}

/**
 * Runs one document on a manager to its end, showing what it waits for where there is a title. On the first one, where the deployment sends its
 * documents, too; while that cannot speak for the Swarm, on another one that can.
 */
export async function runOnManager(
  context: Context,
  connection: Connection,
  id: DocumentId,
  title: string | undefined,
  timeoutSeconds: number,
  parameters: Readonly<Record<string, string>> = {},
): Promise<CommandState> {
  return show(context, connection, title, { id, timeoutSeconds, parameters, choose: chooseBy(context, connection) });
}

/** Runs one document on this instance to its end, showing what it waits for where there is a title. */
export async function runOnInstance(
  context: Context,
  connection: Connection,
  instanceId: string,
  { title, ...command }: Pick<Sending, 'id' | 'timeoutSeconds' | 'parameters'> & { readonly title?: string },
): Promise<CommandState> {
  return show(context, connection, title, { ...command, choose: () => Promise.resolve(instanceId) });
}

const show = (
  context: Context,
  connection: Connection,
  title: string | undefined,
  sending: Sending,
): Promise<CommandState> =>
  title === undefined
    ? run(context, connection, sending, () => undefined)
    : withActivity(context.terminal, title, (activity) =>
        run(context, connection, sending, (reason) => activity.waitsFor(reason)),
      );

type ChooseInstance = (deadline: Deadline, onWait: (reason: string) => void) => Promise<string>;

function chooseBy({ stage }: Context, { ssm, region }: Connection): ChooseInstance {
  const choice = managersOf(stage, region);
  return (deadline, onWait) => chooseManager(ssm, choice, deadline, onWait);
}

interface Sending {
  readonly id: DocumentId;
  readonly timeoutSeconds: number;
  readonly parameters: Readonly<Record<string, string>>;
  readonly choose: ChooseInstance;
}

async function run(
  context: Context,
  { ssm, region }: Connection,
  { id, timeoutSeconds, parameters, choose }: Sending,
  onWait: (reason: string) => void,
): Promise<CommandState> {
  const deadline = new Deadline(timeoutSeconds);
  const waitsFor = (reason: string): void =>
    onWait(`${reason}, at most ${formatSeconds(deadline.remainingSeconds)} more`);
  for (;;) {
    const instanceId = await choose(deadline, waitsFor);
    const sent = { is: false };
    try {
      return await runCommand(
        ssm,
        {
          documentName: documentName(context.stage, id),
          parameters: { Stage: context.stage, ...parameters },
          targets: [{ key: 'InstanceIds', values: [instanceId] }],
          expectedInstanceCount: 1,
          timeoutSeconds,
          comment: `metals ${id}`,
          firstPauseMs: FIRST_PAUSE_MS,
        },
        ({ reason, commandId }) => {
          waitsFor(reason);
          if (commandId === undefined) return;
          sent.is = true;
          // What only reads leaves nothing behind that anybody would have to stop.
          if (!ONLY_READS.includes(id)) context.leaveBehind = leftBehind(id, instanceId, commandId, region);
        },
        deadline,
        new Deadline(Math.min(GONE_SECONDS, deadline.remainingSeconds + 1)),
      );
    } catch (error) {
      // It was online a moment ago: one that is being replaced. Nobody has heard of the command, so another one may be asked.
      if (!(error instanceof DeadlineError) || sent.is) throw error;
      if (deadline.passed) throw new DeadlineError(error.what, timeoutSeconds, error.reason);
    }
  }
}

function managersOf(stage: string, region: string): ManagerChoice {
  const ofStage = { key: `tag:${TAG.stage}`, values: [stage] };
  return {
    stage,
    region,
    preferred: [ofStage, { key: `tag:${TAG.slot}`, values: [FIRST_MANAGER] }],
    all: [ofStage, { key: `tag:${TAG.role}`, values: ['manager' satisfies NodeRole] }],
    probe: documentName(stage, 'stack-status'),
  };
}

/** A command that has been sent goes on without the one who sent it. */
const leftBehind = (id: DocumentId, instanceId: string, commandId: string, region: string): string[] => [
  `${id} goes on by itself on ${instanceId} (command ${commandId})`,
  `see it:  aws ssm list-command-invocations --command-id ${commandId} --details --region ${region}`,
  `stop it: aws ssm cancel-command --command-id ${commandId} --region ${region}`,
];
