import { readFileSync } from 'node:fs';
import { readConfig } from '../../config';
import { ConfigError } from '../../config-error';
import { EXIT, LAB_ACCOUNT_ID, LAB_REGION, STAGE } from '../../contract';
import { FOREIGN_VARIABLES, labEnvironment, SECRET_FILE } from '../../lab/lab-files';
import { MAX_SEED, PROFILE_NAMES } from '../../lab/gateway/timing';
import { DEFAULT_OPTIONS, DEFAULT_TIMING, PORT_FLAGS, type LabOptions, type LabTiming } from '../../lab/options';
import { labStatus } from '../../lab/status';
import { upSteps } from '../../lab/up';
import { withActivity } from '../activity';
import { readContext, type Context, type GlobalOptions } from '../context';
import { formatSeconds } from '../duration';
import { CliError } from '../errors';
import type { Given } from '../next-command';
import { parseSettings } from '../settings';
import { findProblems } from '../stack-status';
import { describeLab } from './lab-status';
import { runSmokeTest, showSmokeReport } from './smoke-test';
import { readStatus, showStatus } from './status';
import { GRACE_MS, type Verb } from '../verbs/verb';

export const LAB_UP_FAILED = 'the lab was not brought up';

/** Ports as they were typed. */
export type PortFlags = Partial<Record<keyof LabOptions, string>>;

export interface LabUpOptions extends PortFlags {
  /** Settings of lib/config.ts, `key=value`. */
  readonly context?: readonly string[];
  readonly seed?: string;
}

/** @throws CliError with the flag, the value and what is allowed */
export function parsePorts(flags: PortFlags): LabOptions {
  const ports: Record<keyof LabOptions, number> = { ...DEFAULT_OPTIONS };
  for (const key of Object.keys(PORT_FLAGS) as (keyof LabOptions)[]) {
    const text = flags[key];
    if (text === undefined) continue;
    ports[key] = /^\d+$/.test(text) ? Number(text) : NaN;
    if (ports[key] >= 1024 && ports[key] <= 65535) continue;
    throw new CliError(
      LAB_UP_FAILED,
      `${PORT_FLAGS[key]}: got "${text}", expected a port from 1024 to 65535`,
      [`npm run lab -- ${PORT_FLAGS[key]} ${DEFAULT_OPTIONS[key]}`],
      'usage',
    );
  }
  if (new Set(Object.values(ports)).size === Object.keys(ports).length) return ports;
  const got = (Object.keys(PORT_FLAGS) as (keyof LabOptions)[]).map((key) => `${PORT_FLAGS[key]} ${ports[key]}`);
  throw new CliError(LAB_UP_FAILED, `the ports must differ, got ${got.join(', ')}`, ['npm run lab'], 'usage');
}

/**
 * Pure: which times the lab takes. In the lab no AWS profile means anything, so `--profile` names the times' here.
 *
 * @throws CliError with the flag, the value and what is allowed
 */
export function parseTiming(profile: string | undefined, seed: string | undefined): LabTiming {
  const known = PROFILE_NAMES.find((name) => name === (profile ?? DEFAULT_TIMING.profile));
  if (!known)
    throw new CliError(
      LAB_UP_FAILED,
      `--profile: got "${profile}", expected one of ${PROFILE_NAMES.join(', ')}: which times the lab takes`,
      PROFILE_NAMES.map((name) => `npm run lab -- --profile ${name}`),
      'usage',
    );
  if (seed === undefined) return { ...DEFAULT_TIMING, profile: known };
  const number = /^\d+$/.test(seed) ? Number(seed) : NaN;
  if (number <= MAX_SEED) return { profile: known, seed: number };
  throw new CliError(
    LAB_UP_FAILED,
    `--seed: got "${seed}", expected a whole number from 0 to ${MAX_SEED}`,
    ['npm run lab -- --seed 42'],
    'usage',
  );
}

/** Pure: refuses another deployment than the one that the lab brings up. @throws CliError */
export function checkPlace({ stage, region }: Pick<Given, 'stage' | 'region'>): void {
  const refuse = (flag: string, got: string, only: string, next: string): CliError =>
    new CliError(LAB_UP_FAILED, `${flag}: got "${got}", but the lab is brought up as ${only}`, [next], 'wrong-place');
  const own = STAGE.defaultFor(true);
  if (stage !== undefined && stage !== own) {
    const another = `. .lab/env && ./bin/metals --stage ${stage} deploy    # another stage in the lab that is up`;
    throw refuse('--stage', stage, `stage "${own}"`, another);
  }
  if (region !== undefined && region !== LAB_REGION) throw refuse('--region', region, LAB_REGION, 'leave it out');
}

/** Pure: refuses settings before anything is started, as synthesis would do in the midst of it. @throws CliError */
export function checkSettings(pairs: readonly string[]): void {
  const settings = parseSettings(pairs, LAB_UP_FAILED, 'npm run lab --', () => 'leave it out: it is always "lab"');
  try {
    readConfig({ account: LAB_ACCOUNT_ID, region: LAB_REGION, ...settings }, {});
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new CliError(LAB_UP_FAILED, error.message, ['less lib/config.ts    # every setting'], 'configuration');
  }
}

/** `metals lab up`: everything from an empty machine to a smoke test that passes. */
export async function labUp(context: Context, flags: LabUpOptions): Promise<number> {
  const { terminal } = context;
  const startedAtMs = Date.now();
  const ports = parsePorts(flags);
  const timing = parseTiming(context.profile, flags.seed);
  checkPlace(context.given);
  // The profile named times, and the lab is reached by its environment.
  context.given = { command: context.given.command };
  checkSettings(flags.context ?? []);
  const steps = upSteps({ ...ports, timing, context: flags.context ?? [] });
  for (const [index, step] of steps.entries()) {
    context.leaveBehind = leftBehind(step.title);
    await withActivity(terminal, `[${index + 1}/${steps.length + 1}] ${step.title}`, (activity) =>
      step.run({ report: (line) => activity.says(line), signal: context.interrupted }),
    );
  }

  const inside = enterLab(context, ports);
  const smoke = await runSmokeTest(inside);
  const status = await readStatus(inside);
  const lab = await labStatus(context.interrupted);
  const seconds = Math.round((Date.now() - startedAtMs) / 1000);
  const problems = findProblems(status);
  const passed = smoke.passed && problems.length === 0;
  if (terminal.json) terminal.value({ passed, seconds, lab, smokeTest: smoke, status });
  else {
    showStatus(inside, status, problems);
    terminal.data('');
    showSmokeReport(inside, smoke);
    terminal.data(describeLab(lab, context.given).join('\n'));
    terminal.note(`\nthe lab is ${passed ? 'up' : 'up, but not healthy'} after ${formatSeconds(seconds)}`);
  }
  return passed ? EXIT.ok : EXIT.unhealthy;
}

/** From here on this process talks to the lab, as a shell does after `. .lab/env`. */
export function enterLab(context: Context, ports: LabOptions): Context {
  const { io, json } = context.terminal;
  for (const name of FOREIGN_VARIABLES) delete io.env[name];
  Object.assign(io.env, labEnvironment(ports, readFileSync(SECRET_FILE, 'utf8').trim()));
  const options: GlobalOptions = { color: context.color, json };
  const inside = readContext(options, io, context.interrupted);
  // What is left behind is told by the context that the command was started with.
  return Object.defineProperty(inside, 'leaveBehind', {
    set: (lines: readonly string[]) => (context.leaveBehind = lines),
    get: () => context.leaveBehind,
  });
}

const leftBehind = (title: string): string[] => [
  `the lab is half up: it stopped at "${title}"`,
  'go on:     npm run lab',
  'remove it: npm run lab:down',
];

export const verb: Verb<LabUpOptions> = { failure: LAB_UP_FAILED, run: labUp, graceMs: GRACE_MS };
