import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { create } from 'tar';
import { EXIT } from '../../contract';
import { asciiJson, visible } from '../../safe-text';
import { REPOSITORY } from '../../repository';
import { withActivity, type Activity } from '../activity';
import type { Context } from '../context';
import { diagnose } from '../doctor/diagnose';
import { EXAMINED_WITHIN_SECONDS, gather } from '../doctor/gather';
import { durationProblem, parseDurationSeconds } from '../duration';
import { CliError, explainError } from '../errors';
import { lineText } from '../log-lines';
import { assertDeployed, connect, type Connection } from '../systems-manager';
import { createColors } from 'picocolors';
import type { Verb } from '../verbs/verb';
import { readEvents } from './events';
import { historyValue, readHistory } from './history';
import { logParameters, readLogs } from './logs';

const BUNDLE_FAILED = 'no archive was written';
const DEFAULT_SINCE = '1h';
/** As long as Systems Manager knows what has changed. */
const LONGEST_SECONDS = 30 * 86_400;
/** Where the Swarm does not tell which there are. */
const USUAL_SERVICES = ['edge', 'producer', 'processor', 'kafka', 'mongodb'];
const LINES_OF_A_SERVICE = '9999';
/** Lines are read on another day: each has its date. */
const LATER = new Date(0);

export interface BundleOptions {
  readonly since?: string;
  readonly output?: string;
}

/** What could not be had, by the part's file. */
type Missing = Record<string, string>;

/** `metals bundle`: everything that explains an incident in one archive, for whoever looks into it later or elsewhere. */
export async function bundle(context: Context, { since = DEFAULT_SINCE, output }: BundleOptions): Promise<number> {
  const { terminal, stage } = context;
  if (parseDurationSeconds(since, LONGEST_SECONDS) === undefined)
    throw new CliError(BUNDLE_FAILED, durationProblem('--since', since, LONGEST_SECONDS), ['add --since 1h'], 'usage');
  const name = `metals-${stage}-${new Date().toISOString().replace(/[-:]|\.\d+/g, '')}`;
  const file = path.resolve(output ?? `${name}.tar.gz`);
  assertWritable(file);
  const connection = await connect(context);
  await assertDeployed(context, connection, 'node-evidence', BUNDLE_FAILED);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'metals-bundle-'));
  try {
    mkdirSync(path.join(folder, name, 'logs'), { recursive: true, mode: 0o700 });
    const missing = await withActivity(terminal, 'collecting what explains an incident', (activity) =>
      collect(context, connection, since, path.join(folder, name), activity),
    );
    await create({ gzip: true, file, cwd: folder, mode: 0o600, portable: true }, [name]);
    const bytes = statSync(file).size;
    if (terminal.json) terminal.value({ stage, file, bytes, missing });
    else {
      terminal.data(file);
      for (const [part, why] of Object.entries(missing)) terminal.note(`note: without ${part}: ${why}`);
      terminal.note(
        `${Math.ceil(bytes / 1024)} KiB; it holds no secret, but addresses, ids and what services have logged`,
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return EXIT.ok;
}

function assertWritable(file: string): void {
  const choose = ['add --output FILE'];
  if (existsSync(file)) throw new CliError(BUNDLE_FAILED, `${file} is there already`, choose, 'usage');
  if (!existsSync(path.dirname(file)))
    throw new CliError(BUNDLE_FAILED, `there is no folder ${path.dirname(file)}`, choose, 'usage');
}

async function collect(
  context: Context,
  connection: Connection,
  since: string,
  folder: string,
  activity: Activity,
): Promise<Missing> {
  const { stage } = context;
  const missing: Missing = {};
  const write = (part: string, text: string): void => writeFileSync(path.join(folder, part), text, { mode: 0o600 });
  const json = (part: string, value: unknown): void => write(part, `${asciiJson(value)}\n`);
  const part = async (name: string, work: () => Promise<void>): Promise<void> => {
    activity.waitsFor(name);
    try {
      await work();
    } catch (error) {
      if (context.interrupted.aborted) throw error;
      const { profile, endpoint } = context;
      missing[name] = visible(
        explainError(error, { what: BUNDLE_FAILED, region: connection.region, profile, endpoint }).why,
      );
    }
  };
  json('about.json', {
    stage,
    region: connection.region,
    metals: versionOf(REPOSITORY),
    node: process.version,
    at: new Date().toISOString(),
    since,
  });
  let services: readonly string[] = USUAL_SERVICES;
  await part('doctor.json', async () => {
    const evidence = await gather(context, context.timeoutSeconds ?? EXAMINED_WITHIN_SECONDS);
    services = evidence.status?.services.map(({ name }) => name) ?? services;
    for (const { what, why } of evidence.missing) missing[what] = visible(why);
    json('status.json', evidence.status ?? null);
    json('doctor.json', { findings: diagnose(evidence), evidence: { ...evidence, status: undefined } });
  });
  await part('history.json', async () => {
    const { told, more } = await readHistory(context, connection);
    json('history.json', historyValue(stage, told, more));
  });
  await part('events.json', async () => {
    const seconds = parseDurationSeconds(since)!;
    json('events.json', await readEvents(context, connection, seconds));
  });
  // One after the other: a manager that is ill has enough to do.
  for (const service of services)
    await part(`logs/${service}.log`, async () => {
      const parameters = logParameters({ services: [service], since, lines: LINES_OF_A_SERVICE });
      const { answer } = await readLogs(context, connection, parameters, { title: null });
      write(`logs/${service}.log`, answer.lines.map((line) => `${lineText(line, PLAIN, LATER)}\n`).join(''));
      if (answer.hasMore || answer.leftOut > 0)
        missing[`logs/${service}.log`] = ['older lines found no room', ...answer.remarks].join('; ');
      else if (answer.remarks.length > 0) missing[`logs/${service}.log`] = answer.remarks.join('; ');
    });
  return missing;
}

const versionOf = (folder: string): string =>
  (JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as { version: string }).version;

const PLAIN = createColors(false);

export const verb: Verb<BundleOptions> = { failure: BUNDLE_FAILED, run: bundle };
