import { readConfig, type Config } from '../../config';
import { ConfigError } from '../../config-error';
import { EXIT, LAB_ACCOUNT_ID } from '../../contract';
import { costPerHour, HOURS_A_MONTH, PRICES, totalOf, type CostLine } from '../../cost';
import type { Context } from '../context';
import { CliError } from '../errors';
import { contextSettings } from '../settings';
import { drawTable } from '../table';
import type { Verb } from '../verbs/verb';

export const COST_FAILED = 'the cost was not estimated';

export interface CostOptions {
  /** CDK context, `key=value`. */
  readonly context?: readonly string[];
}

/** A setting, and what it would change. */
interface Change {
  /** `workers=3`. */
  readonly setting: string;
  readonly dollarsPerMonth: number;
}

/** Prices do not depend on the account or the image. */
const ANY = { account: '123456789012', amiId: 'ami-00000000000000000' };

/** `metals cost`: list prices by the month, and which settings would change the sum most. Asks nobody. */
export async function cost(context: Context, options: CostOptions): Promise<number> {
  const { terminal, stage } = context;
  const settings = contextSettings(context, options.context ?? [], COST_FAILED, './bin/metals cost');
  const region = context.region ?? PRICES.region;
  const read = (more: Readonly<Record<string, unknown>>): Config => {
    const all = { ...settings, ...more };
    return readConfig({ ...ANY, ...all, account: context.isLab ? LAB_ACCOUNT_ID : ANY.account }, { region });
  };
  const config = readOrTell(() => read({}));
  const lines = costPerHour(config);
  if (lines === undefined)
    throw new CliError(
      COST_FAILED,
      `the price of ${config.instanceType} is not known here, but those of ${Object.keys(PRICES.instanceHour).join(', ')} are`,
      ['./bin/metals cost --context instanceType=t3.large    # one that is known', 'less lib/cost.ts    # all prices'],
    );
  const changes = changesOf(config, totalOf(lines), read);
  if (terminal.json) {
    const { readIn, region: pricesOf } = PRICES;
    const parts = lines.map(({ what, dollarsPerHour }) => ({ what, dollarsPerMonth: monthly(dollarsPerHour) }));
    const dollarsPerMonth = monthly(totalOf(lines));
    terminal.value({ stage, currency: 'USD', pricesOf, readIn, dollarsPerMonth, parts, changes });
  } else {
    terminal.data(drawTable(costRows(lines), terminal.colors));
    terminal.data(`\n${drawTable(changeRows(changes), terminal.colors)}`);
    for (const note of notes(context)) terminal.note(note);
  }
  return EXIT.ok;
}

function readOrTell(read: () => Config): Config {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new CliError(COST_FAILED, error.message, ['./bin/metals cost --context KEY=VALUE'], 'configuration');
  }
}

/** Pure: dollars and cents. */
const monthly = (dollarsPerHour: number): number => Math.round(dollarsPerHour * HOURS_A_MONTH * 100) / 100;

/** Pure: the next smaller and the next larger one. */
function neighbours(instanceType: string): string[] {
  const types = Object.keys(PRICES.instanceHour);
  const index = types.indexOf(instanceType);
  return [types[index - 1], types[index + 1]].filter((type) => type !== undefined);
}

/** Pure: settings that are worth a thought. */
const candidates = (config: Config): readonly (readonly [keyof Config, string | number])[] => [
  ...['nat-gateway', 'nat-instance', 'endpoints'].map((value) => ['egress', value] as const),
  ['egressZones', config.egressZones === 1 ? config.availabilityZones.length : 1],
  ['loadBalancer', config.loadBalancer === 'none' ? 'internal' : 'none'],
  ['managers', config.managers === 1 ? 3 : 1],
  ['workers', config.workers - 1],
  ['workers', config.workers + 1],
  ...neighbours(config.instanceType).map((type) => ['instanceType', type] as const),
  ['dataVolumeGiB', config.dataVolumeGiB * 2],
];

/** Pure: those that are possible and cost anything else, the largest difference first. */
function changesOf(
  config: Config,
  dollarsPerHour: number,
  read: (more: Readonly<Record<string, unknown>>) => Config,
): Change[] {
  const changes = candidates(config).flatMap(([key, value]) => {
    try {
      const lines = costPerHour(read({ [key]: value }));
      if (lines === undefined) return [];
      return [{ setting: `${key}=${value}`, dollarsPerMonth: monthly(totalOf(lines) - dollarsPerHour) }];
    } catch (error) {
      // It contradicts another setting.
      if (error instanceof ConfigError) return [];
      throw error;
    }
  });
  return changes
    .filter((change) => change.dollarsPerMonth !== 0)
    .sort((a, b) => Math.abs(b.dollarsPerMonth) - Math.abs(a.dollarsPerMonth));
}

/** Pure: `138.41`. */
const dollars = (amount: number): string => amount.toFixed(2);

/** Pure: header first, the sum last. */
const costRows = (lines: readonly CostLine[]): string[][] => [
  ['part', '$ a month'],
  ...lines.map(({ what, dollarsPerHour }) => [what, dollars(monthly(dollarsPerHour))]),
  ['together', dollars(monthly(totalOf(lines)))],
];

const changeRows = (changes: readonly Change[]): string[][] => [
  ['with --context', '$ a month'],
  ...changes.map(({ setting, dollarsPerMonth }) => [
    setting,
    `${dollarsPerMonth > 0 ? '+' : ''}${dollars(dollarsPerMonth)}`,
  ]),
];

const notes = ({ stage, isLab }: Context): string[] => [
  `stage ${stage}: on-demand list prices of ${PRICES.region}, as of ${PRICES.readIn}; other regions differ, most are dearer`,
  'without traffic, snapshots and logs: docs/aws.md, What it costs',
  ...(isLab ? ['the lab costs nothing: this is what the same would cost on AWS'] : []),
];

export const verb: Verb<CostOptions> = { failure: COST_FAILED, run: cost };
