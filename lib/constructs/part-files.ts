/** Parts of stack.yml, for deployments that go step by step. Pure. */
import { parse, stringify } from 'yaml';

interface StackFile {
  readonly version: string;
  readonly services: Readonly<Record<string, unknown>>;
  readonly networks: unknown;
  readonly volumes?: unknown;
  readonly configs?: unknown;
  readonly secrets: unknown;
}

/** As Docker reads it: later versions take a mode of 0400 for a decimal number. */
const VERSION = '1.1';
/** What is deployed before the rest when a pipeline moves from one engine to another: assets/documents/lib/move.sh. */
const ALONE = ['producer', 'kafka', 'mongodb'];

/**
 * `only-producer.yml` and so on have one service each, as far as the stack has it. `declarations.yml` has what the setup job
 * names, for where it is deployed without the rest.
 */
export function partFiles(stackYaml: string): Record<string, string> {
  const { version, services, ...rest } = parse(stackYaml, { merge: true, version: VERSION }) as StackFile;
  const { networks, volumes = {}, configs = {}, secrets } = rest;
  const text = (file: object): string =>
    stringify(file, { version: VERSION, lineWidth: 0, aliasDuplicateObjects: false });
  const alone = ALONE.filter((name) => name in services).map((name) => [
    `only-${name}.yml`,
    text({ version, services: { [name]: services[name] }, networks, volumes, configs, secrets }),
  ]);
  return { ...Object.fromEntries(alone), 'declarations.yml': text({ version, networks, secrets }) };
}
