import type { Finding, PreflightReport } from '../../preflight';
import { withActivity } from '../activity';
import { EXIT } from '../../contract';
import type { Context } from '../context';
import { completeCommands, withSettings, type Given } from '../next-command';
import { configProblem, readSettings } from '../settings';
import { drawTable } from '../table';
import { GRACE_MS, type Verb } from '../verbs/verb';

export const PREFLIGHT_FAILED = 'the preflight could not be made';

export interface PreflightOptions {
  /** CDK context, `key=value`. */
  readonly context?: readonly string[];
}

/** `metals preflight`: looks whether a deployment would succeed; exit code 3 when something would fail, 4 when not authorised. */
export async function preflight(context: Context, options: PreflightOptions): Promise<number> {
  const command = './bin/metals preflight';
  const settings = await readSettings(context, options.context ?? [], PREFLIGHT_FAILED, command);
  const report = await readPreflight(context, settings, PREFLIGHT_FAILED, command);
  const { exitCodeOf } = await import('../../preflight');
  const exitCode = exitCodeOf(report.findings);
  const { terminal } = context;
  if (terminal.json) terminal.value({ ...report, ready: exitCode === EXIT.ok });
  else {
    terminal.data(drawTable(preflightRows(report.findings), terminal.colors));
    showNext(context, report.findings);
    terminal.note(verdict(report, exitCode));
    if (exitCode !== EXIT.ok)
      terminal.note(
        completeCommands(`then: ./bin/metals ${withSettings('preflight', options.context)}`, context.given),
      );
  }
  return exitCode;
}

/** @throws CliError when nobody could be asked, or the configuration has problems */
export async function readPreflight(
  context: Context,
  settings: Readonly<Record<string, unknown>>,
  what: string,
  command: string,
): Promise<PreflightReport> {
  const { region, profile, endpoint, terminal, interrupted: signal, timeoutSeconds } = context;
  // Loaded here: it brings seven clients of AWS along, which no other command waits for.
  const { runPreflight } = await import('../../preflight');
  try {
    const report = await withActivity(
      terminal,
      'preflight',
      () =>
        runPreflight({
          region,
          profile,
          endpoint,
          env: terminal.io.env,
          context: settings,
          what,
          signal,
          timeoutSeconds,
        }),
      ({ findings }) => `${findings.length} checks`,
    );
    return withCompleteCommands(report, context.given);
  } catch (error) {
    throw configProblem(error, what, command);
  }
}

/** Pure. */
const withCompleteCommands = (report: PreflightReport, given: Given): PreflightReport => ({
  ...report,
  findings: report.findings.map((finding) => ({
    ...finding,
    next: finding.next.map((line) => completeCommands(line, given, report.region)),
  })),
});

const RESULTS: Readonly<Record<Finding['verdict'], string>> = {
  ok: 'ok',
  warning: 'warning',
  fails: 'FAILED',
  refused: 'not authorised',
  unknown: 'not known',
  skipped: 'skipped',
};

/** Pure: one row for each line, header first. */
export const preflightRows = (findings: readonly Finding[]): string[][] => [
  ['check', 'result', 'measured', 'needed'],
  ...findings.map(({ check, verdict: result, measured, needed }) => [check, RESULTS[result], measured, needed]),
];

/** What to do about each line that is not as it should be. */
export function showNext({ terminal }: Context, findings: readonly Finding[]): void {
  for (const { check, next } of findings) {
    for (const line of next) terminal.note(`${terminal.noteColors.dim('next:')}  ${check}: ${line}`);
  }
}

function verdict({ stage, account, region }: PreflightReport, exitCode: number): string {
  const where = `stage ${stage}, account ${account}, ${region}`;
  switch (exitCode) {
    case EXIT.ok:
      return `${where}: nothing stands in the way of a deployment that preflight can see`;
    case EXIT.notAuthorised:
      return `${where}: not everything could be looked at, or the deployer lacks a right`;
    default:
      return `${where}: a deployment would fail`;
  }
}

export const verb: Verb<PreflightOptions> = { failure: PREFLIGHT_FAILED, run: preflight, graceMs: GRACE_MS };
