import { createKafka } from '../common/kafka';
import { answer, readFlags } from './answer';
import { openAsProcessor } from './as-processor';
import { drained } from './drained';

/** The id of a cluster has 22 characters, of which the first may be a hyphen. */
const isFlag = (text: string): boolean => text.startsWith('--') && !/^[\w-]{22}$/.test(text);

/** `[CLUSTER_ID] [--config FILE] [--secrets DIRECTORY]`; an empty id is none. Resolves with the exit code. */
export async function runDrained(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  write?: (text: string) => void,
  create: typeof createKafka = createKafka,
): Promise<number> {
  const [first] = argv;
  const hasId = first !== undefined && !isFlag(first);
  const line = await answer(
    async () => {
      const flags = readFlags(argv.slice(hasId ? 1 : 0), ['config', 'secrets']);
      const processor = openAsProcessor('drained', flags, env, create);
      return drained({ ...processor, ...(hasId && first !== '' && { next: first }) });
    },
    (reason) => ({ drained: false, reason }),
    write,
  );
  return line.drained ? 0 : 1;
}
