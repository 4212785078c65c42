/** What two bundles of the Swarm's stack differ in, setting by setting. Pure. */
import { parse } from 'yaml';
import { visible } from '../safe-text';

/** Contents by path. */
export type Files = ReadonlyMap<string, string>;

export interface Difference {
  readonly file: string;
  /** `kafka.brokers`; empty for a file that has no settings, or is not in both. */
  readonly setting: string;
  readonly from: string;
  readonly to: string;
  /** Stored data are kept by it, or logins depend on it: an older value may delete prices, or not find them. */
  readonly blocksRollback: boolean;
}

/** Files, and variables of settings.env, that say which engines there are, what they keep for how long, and who logs in. */
const BLOCKING_FILES = ['config/tools.yml', 'secrets.json', 'config/kafka-ca.pem', 'config/mongodb-ca.pem'];
const BLOCKING_SETTINGS = ['METALS_KAFKA_MODE', 'METALS_KAFKA', 'METALS_KAFKA_BROKERS', 'METALS_MONGODB'];
/** Where engines keep their data, and which of it. */
const BLOCKING_IN_STACK = /^(volumes\b|services\.(kafka|mongodb|zookeeper)[^.]*\.(volumes|deploy\.placement)\b)/;
/** What stack-deploy takes where an older bundle does not say. */
const UNSAID: Readonly<Record<string, string>> = {
  METALS_KAFKA: 'own',
  METALS_KAFKA_BROKERS: '1',
  METALS_MONGODB: 'own',
};
/** Of tools.yml: what only the setup job and the smoke test go by. */
const HARMLESS = /^(log_level|setup_deadline_seconds|smoke\b)/;

export function bundleDifferences(from: Files, to: Files): Difference[] {
  const files = [...new Set([...from.keys(), ...to.keys()])].sort();
  return files.flatMap((file) => {
    const [before, after] = [from.get(file), to.get(file)];
    if (before === after) return [];
    if (before === undefined || after === undefined) {
      const [was, is] = [before, after].map((content) => (content === undefined ? 'none' : 'there'));
      return [{ file, setting: '', from: was!, to: is!, blocksRollback: BLOCKING_FILES.includes(file) }];
    }
    const [settings, others] = [settingsOf(file, before), settingsOf(file, after)];
    const valueOf = (from: ReadonlyMap<string, string>, setting: string): string =>
      from.get(setting) ?? UNSAID[setting] ?? 'none';
    const changed = [...new Set([...settings.keys(), ...others.keys()])].filter(
      (setting) => valueOf(settings, setting) !== valueOf(others, setting),
    );
    if (changed.length > 0)
      return changed.map((setting) => difference(file, setting, valueOf(settings, setting), valueOf(others, setting)));
    // Files without settings; of others comments, layout, or what is said now though it was so before.
    return settings.size > 0 ? [] : [difference(file, '', 'one text', 'another')];
  });
}

const difference = (file: string, setting: string, from: string, to: string): Difference => ({
  ...{ file, setting, from, to },
  blocksRollback:
    (BLOCKING_FILES.includes(file) && !HARMLESS.test(setting)) ||
    (file === 'settings.env' && BLOCKING_SETTINGS.includes(setting)) ||
    (/^stack.*\.yml$/.test(file) && BLOCKING_IN_STACK.test(setting)),
});

/** One line for a terminal. */
export const differenceLine = ({ file, setting, from, to }: Difference): string =>
  visible(`${file}${setting && ` ${setting}`}: ${short(from)} → ${short(to)}`);

const short = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text);

function settingsOf(file: string, content: string): ReadonlyMap<string, string> {
  if (file.endsWith('.env'))
    return new Map(
      content
        .split('\n')
        .filter(Boolean)
        .map((line) => line.split(/=(.*)/s, 2) as [string, string]),
    );
  if (!/\.(ya?ml|json)$/.test(file)) return new Map();
  return new Map(leaves(parse(content, { merge: true, logLevel: 'silent' })));
}

function leaves(value: unknown, path = ''): [string, string][] {
  if (value === null || typeof value !== 'object' || Object.keys(value).length === 0)
    return [[path, JSON.stringify(value) ?? 'none']];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, path === '' ? key : `${path}.${key}`));
}
