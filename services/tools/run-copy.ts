import type { MongoClient } from 'mongodb';
import { loadConfig, type Loaded } from '../common/config';
import type { Engines, Secrets } from '../common/external';
import { errorText } from '../common/log';
import { createMongoClient } from '../common/mongo';
import { isSamePlace, mongoPlace, mongoProblems, mongoSecret } from '../common/mongo-uri';
import { answer, readFlags } from './answer';
import { toolsConfigSchema, type ToolsConfig } from './config';
import { COPY_MS, copyPrices, type Copied } from './copy-prices';
import { copyRequestSchema } from './copy-request';
import { openSide, type Side } from './copy-side';
import { FinalError } from './final-error';
import { parseRequest } from './json-request';
import { ADMIN } from './users';

/** Of the target; the source has one of its own kind, whose name begins with `from-`. */
const copySecret = (engines: Engines): string => `${mongoSecret(engines)}-${ADMIN}`;
const FROM = 'from-';

/** What the source is long at, without an index on ingested_at, is ended by the deadline and not by the driver. */
const SOURCE_OPTIONS = { socketTimeoutMS: COPY_MS + 60_000 };

type CopyAnswer = (Copied & { readonly same?: true; readonly begun: string }) | { readonly error: string };

/** `REQUEST [--config FILE] [--from FILE] [--secrets DIRECTORY]`. Resolves with the exit code. */
export async function runCopy(
  [text, ...argv]: readonly string[],
  write?: (text: string) => void,
  create: typeof createMongoClient = createMongoClient,
): Promise<number> {
  const line = await answer<CopyAnswer>(
    async () => {
      const request = parseRequest(copyRequestSchema, text);
      const flags = readFlags(argv, ['config', 'from', 'secrets']);
      const target = load(flags.config, flags.secrets, '');
      const source = load(flags.from, flags.secrets, FROM);
      if (isSameCollection(source, target)) {
        const nothing = { after: request.after ?? null, looked: 0, copied: 0, present: 0, replaced: 0 };
        return { done: true, same: true, ...nothing, begun: new Date().toISOString() };
      }
      const clientOf = ({ config, value }: Engine, options = {}): MongoClient =>
        create({ ...config.mongodb, username: ADMIN }, value, options);
      const [fromClient, toClient] = [clientOf(source, SOURCE_OPTIONS), clientOf(target)];
      try {
        const from = await openSide(sideOf('source', source), fromClient, source.config.mongodb);
        const to = await openSide(sideOf('target', target), toClient, target.config.mongodb);
        return { ...(await copyPrices(from, to, request)), begun: from.openedAt.toISOString() };
      } finally {
        await Promise.allSettled([fromClient.close(), toClient.close()]);
      }
    },
    (error) => ({ error }),
    write,
  );
  return 'error' in line ? 1 : 0;
}

interface Engine {
  readonly config: ToolsConfig;
  /** The name of its secret, and what is in it. */
  readonly secret: string;
  readonly value: string;
}

function load(file: string, secretsDirectory: string, prefix: '' | typeof FROM): Engine {
  const plain = (secrets: Secrets): Secrets =>
    Object.fromEntries(Object.entries(secrets).map(([name, value]) => [name.slice(prefix.length), value]));
  let loaded: Loaded<typeof toolsConfigSchema>;
  try {
    loaded = loadConfig({
      schema: toolsConfigSchema,
      file,
      secretsDirectory,
      secrets: (engines) => [prefix + copySecret(engines)],
      check: ({ mongodb }, secrets) =>
        mongoProblems(mongodb, plain(secrets), ADMIN).map((problem) => problem.replace(/^mongodb-uri/, `${prefix}$&`)),
    });
  } catch (error) {
    throw new FinalError(`${file}: ${errorText(error)}`);
  }
  const secret = prefix + copySecret(loaded.config);
  return { config: loaded.config, secret, value: loaded.secrets[secret] };
}

const sideOf = (name: Side['name'], { config, secret, value }: Engine): Side => ({
  name,
  place: mongoPlace(config.mongodb, value),
  secret,
});

/** Another collection of the same server is copied to as any other. */
function isSameCollection(source: Engine, target: Engine): boolean {
  const [from, to] = [source.config.mongodb, target.config.mongodb];
  const isSameName = from.database === to.database && from.collection === to.collection;
  return isSameName && isSamePlace([from, source.value], [to, target.value]);
}
