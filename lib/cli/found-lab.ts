/** The lab of this clone, for a shell in which nothing says which AWS is meant. */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { REPOSITORY } from '../repository';

/** These lead nowhere. */
const HARMLESS = /^AWS_(SDK_JS_|PAGER$|CA_BUNDLE$|CLI_|MAX_ATTEMPTS$|RETRY_MODE$)/;

export interface Places {
  /** The file that `npm run lab` writes. */
  readonly labFile: string;
  readonly homeDirectory: string;
}

const PLACES: Places = { labFile: join(REPOSITORY, '.lab/env'), homeDirectory: homedir() };

interface Flags {
  readonly region?: string;
  readonly profile?: string;
}

type Found = Readonly<Record<string, string>> | undefined;

export type FindLab = (env: NodeJS.ProcessEnv, flags: Flags) => Found;

/**
 * The lab's environment; undefined where there is no lab, or anything else of AWS: a variable, a file of profiles, a flag.
 *
 * @param flags what was typed
 */
export const findLab = (env: NodeJS.ProcessEnv, flags: Flags, places: Places = PLACES): Found => {
  if (flags.region !== undefined || flags.profile !== undefined) return undefined;
  if (Object.keys(env).some((name) => name.startsWith('AWS_') && !HARMLESS.test(name))) return undefined;
  if (['config', 'credentials'].some((name) => existsSync(join(places.homeDirectory, '.aws', name)))) return undefined;
  if (!existsSync(places.labFile)) return undefined;
  return parseExports(readFileSync(places.labFile, 'utf8'));
};

/** Pure: `export NAME='value'`, a line each. */
const parseExports = (text: string): Record<string, string> =>
  Object.fromEntries([...text.matchAll(/^export (\w+)='([^']*)'$/gm)].map(([, name, value]) => [name!, value!]));
