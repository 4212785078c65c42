import { VERSION } from '../common/bootstrap';
import { loadConfig } from '../common/config';
import type { Engines } from '../common/external';
import { createKafka } from '../common/kafka';
import { kafkaLogin, kafkaProblems, kafkaSecret } from '../common/kafka-login';
import { createLogger } from '../common/log';
import { answer, readFlags } from './answer';
import { toolsConfigSchema } from './config';
import { drained } from './drained';
import { readUsers } from './users';

/** The login of the processor, which may read the topic, its group and where the dead letters end. */
const drainedSecret = (engines: Engines): string => `${kafkaSecret(engines)}-processor`;

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
      const { kafkaProcessor } = readUsers(env);
      const { config, secrets } = loadConfig({
        schema: toolsConfigSchema,
        file: flags.config,
        secretsDirectory: flags.secrets,
        secrets: (engines) => [drainedSecret(engines)],
        check: ({ kafka }, files) => kafkaProblems(kafka, files, kafkaProcessor),
      });
      const secret = drainedSecret(config);
      const { username, password } = kafkaLogin(config.kafka, secrets[secret], kafkaProcessor);
      const connection = { ...config.kafka, username };
      const logger = createLogger('drained', VERSION, 'silent');
      const kafka = create({ clientId: 'metals-drained', connection, password, logger });
      return drained({ kafka, username, secret, config, ...(hasId && first !== '' && { next: first }) });
    },
    (reason) => ({ drained: false, reason }),
    write,
  );
  return line.drained ? 0 : 1;
}
