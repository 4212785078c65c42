/** What the tasks of a stack reserve and where they may run, out of its files: needs.json of a bundle. Pure. */
import { parse } from 'yaml';

/** One service, as assets/documents/lib/room.sh reads it. */
export interface ServiceNeeds {
  readonly name: string;
  /** One task on every node that meets the constraints; otherwise `replicas` tasks. */
  readonly global: boolean;
  readonly replicas: number;
  readonly nano_cpus: number;
  readonly memory_bytes: number;
  readonly constraints: readonly string[];
  /** Updated by a new task that starts before the old one ends, which needs room for both. */
  readonly start_first: boolean;
}

interface Deploy {
  readonly mode?: string;
  readonly replicas?: number | string;
  readonly placement?: { readonly constraints?: readonly string[] };
  readonly resources?: { readonly reservations?: { readonly cpus?: string | number; readonly memory?: string } };
  readonly update_config?: { readonly order?: string };
}

/** As `docker stack deploy` reads them: powers of 1,024. */
const UNIT_BYTES: Readonly<Record<string, number>> = { '': 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

function bytes(text: string, where: string): number {
  const [, amount, unit = ''] = /^([0-9]+(?:\.[0-9]+)?)([bkmg]?)b?$/i.exec(text) ?? [];
  if (amount === undefined) throw new Error(`${where}: got ${JSON.stringify(text)}, expected a size such as 256M`);
  return Math.round(Number(amount) * UNIT_BYTES[unit.toLowerCase()]!);
}

function replicas(value: number | string, variables: Readonly<Record<string, string>>, where: string): number {
  const name = /^\$\{([A-Z_]+)\}$/.exec(String(value))?.[1];
  const count = Number(name === undefined ? value : variables[name]);
  if (!Number.isInteger(count))
    throw new Error(`${where}: got ${JSON.stringify(value)}, expected a number of replicas`);
  return count;
}

function serviceNeeds(name: string, deploy: Deploy, variables: Readonly<Record<string, string>>): ServiceNeeds {
  const { cpus = 0, memory = '0' } = deploy.resources?.reservations ?? {};
  return {
    // The job's name ends with a hash that stack-deploy puts in.
    name: name.replace(/-METALS_SETUP_HASH$/, ''),
    global: deploy.mode === 'global',
    replicas: replicas(deploy.replicas ?? 1, variables, `service ${name}: replicas`),
    nano_cpus: Math.round(Number(cpus) * 1e9),
    memory_bytes: bytes(memory, `service ${name}: reserved memory`),
    constraints: deploy.placement?.constraints ?? [],
    start_first: deploy.update_config?.order === 'start-first',
  };
}

/** The needs of the stack that these files make together; in `deploy`, a later file has the last word, key by key. */
export function stackNeeds(files: readonly string[], variables: Readonly<Record<string, string>>): ServiceNeeds[] {
  const services = new Map<string, Deploy>();
  for (const file of files) {
    const declared = parse(file, { merge: true }) as { services: Record<string, { deploy?: Deploy }> };
    for (const [name, { deploy }] of Object.entries(declared.services)) {
      services.set(name, { ...services.get(name), ...deploy });
    }
  }
  return [...services].map(([name, deploy]) => serviceNeeds(name, deploy, variables));
}
