/**
 * Commands that the user is told to type next. Whoever has typed `--stage staging` is told `--stage staging` again:
 * without it the advice would reach another deployment.
 */

/**
 * How this program is called, and the options that choose a deployment, as they were typed: what the environment says is
 * still there for the next command.
 */
export interface Given {
  /** What bin/metals says of itself. @default './bin/metals', as it stands in all texts */
  readonly command?: string;
  readonly stage?: string;
  readonly region?: string;
  readonly profile?: string;
  /** The lab, although the shell does not say so. @default false */
  readonly enteredLab?: boolean;
}

/** What leads a shell to the lab. */
export const ENTER_LAB = '. .lab/env';

/** These ask no region: it would be ignored, or, where it is switched off, refused. */
const WITHOUT_REGION = ['account', 'iam', 'sso'];

/**
 * Pure: completes each command of ours, of the CDK and of AWS that stands in the text; an option that a command has
 * already is left as it is. Global options stand before the verb, where all three programs take them.
 *
 * @param region the one that was looked at, for commands of AWS and of the CDK, wherever it came from @default the one typed
 */
export const completeCommands = (text: string, given: Given, region = given.region): string =>
  text
    .replaceAll(/\.\/bin\/metals (?=[a-z-])([^\n;`]*)/g, (_, words: string) => {
      const options = /^[a-z]/.test(words) ? missing(words, given, ['stage', 'region', 'profile']) : [];
      return join(shellQuote(given.command ?? './bin/metals'), options, words);
    })
    .replaceAll(/(?<!AWS_REGION=\S+ |&& )npm run cdk -- (?=[a-z])([^\n;`]*)/g, (_, words: string) => {
      const variable = region === undefined ? '' : `AWS_REGION=${shellQuote(region)} `;
      return enter(given) + variable + join('npm run cdk --', missing(words, given, ['profile']), words);
    })
    .replaceAll(/(?<=^|: +|\()aws ([a-z][a-z0-9-]*)(?= [a-z])([^\n;`]*)/gm, (whole, service: string, words: string) => {
      if (service === 'configure') return whole;
      const names = WITHOUT_REGION.includes(service) ? (['profile'] as const) : (['region', 'profile'] as const);
      return enter(given) + join('aws', missing(words, { ...given, region }, names), service + words);
    });

/** Pure: `deploy --context workers=3`. */
export const withSettings = (verb: string, settings: readonly string[] = []): string =>
  join(
    verb,
    settings.map((pair) => `--context ${shellQuote(pair)}`),
  );

/** Pure: one word for a shell. */
export const shellQuote = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

/** Other programs do not find the lab by themselves. */
const enter = ({ enteredLab = false }: Given): string => (enteredLab ? `${ENTER_LAB} && ` : '');

const missing = (words: string, given: Given, names: readonly ('stage' | 'region' | 'profile')[]): string[] =>
  names.flatMap((name) => {
    const value = given[name];
    return value === undefined || new RegExp(`(^| )--${name}[ =]`).test(words)
      ? []
      : [`--${name} ${shellQuote(value)}`];
  });

const join = (first: string, options: readonly string[], ...rest: readonly string[]): string =>
  [first, ...options, ...rest].join(' ');
