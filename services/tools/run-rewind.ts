import { createKafka } from '../common/kafka';
import { answer, readFlags } from './answer';
import { openAsProcessor } from './as-processor';
import { parseRequest } from './json-request';
import { rewind, type RewindAnswer } from './rewind';
import { rewindRequestSchema } from './rewind-request';

/** `REQUEST [--config FILE] [--secrets DIRECTORY]`. Resolves with the exit code. */
export async function runRewind(
  [text, ...argv]: readonly string[],
  env: NodeJS.ProcessEnv,
  write?: (text: string) => void,
  create: typeof createKafka = createKafka,
): Promise<number> {
  const line = await answer<RewindAnswer>(
    async () => {
      const request = parseRequest(rewindRequestSchema, text);
      const flags = readFlags(argv, ['config', 'secrets']);
      return rewind(request, openAsProcessor('rewind', flags, env, create));
    },
    (reason) => ({ rewound: false, records: 0, partitions: [], reason }),
    write,
  );
  return line.reason === undefined ? 0 : 1;
}
