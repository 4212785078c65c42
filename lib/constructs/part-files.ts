/** Parts of stack.yml, for deployments that go step by step. Pure. */
import { readStackFile, stackFileText } from './stack-file';

interface StackFile {
  readonly version: string;
  readonly services: Readonly<Record<string, unknown>>;
  readonly networks: unknown;
  readonly volumes?: unknown;
  readonly configs?: unknown;
  readonly secrets: unknown;
}

/** What is deployed before the rest when a pipeline moves from one engine to another: assets/documents/lib/move.sh. */
const ALONE = ['producer', 'kafka', 'mongodb'];

/**
 * `only-producer.yml` and so on have one service each, as far as the stack has it. `declarations.yml` has what the setup job
 * names, for where it is deployed without the rest.
 */
export function partFiles(stackYaml: string): Record<string, string> {
  const { version, services, ...rest } = readStackFile(stackYaml) as StackFile;
  const { networks, volumes = {}, configs = {}, secrets } = rest;
  const alone = ALONE.filter((name) => name in services).map((name) => [
    `only-${name}.yml`,
    stackFileText({ version, services: { [name]: services[name] }, networks, volumes, configs, secrets }),
  ]);
  return { ...Object.fromEntries(alone), 'declarations.yml': stackFileText({ version, networks, secrets }) };
}
