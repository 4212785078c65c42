/** Whom to log in to Kafka as: a user that the setup job has made, or, at somebody else's brokers, whoever the secret names. */
import { z } from 'zod';
import { caProblems, missing, secretsNamed, type Engines, type MaybeExternal, type Secrets } from './external';

export interface Login {
  readonly username: string;
  readonly password: string;
}

type Connection = MaybeExternal & { readonly username?: string };

/** How the name of the secret begins that holds what is logged in with; tools have one for each principal. */
export const kafkaSecret = ({ kafka }: Engines): string =>
  kafka?.external === undefined ? 'kafka-password' : 'kafka-login';

const loginSchema = z.object({ username: z.string().min(1), password: z.string().min(1) });
const NO_LOGIN = 'the secret is no JSON object {"username": "…", "password": "…"}';

/** Undefined where the secret is none: it is never quoted. */
function parseLogin(secret: string): Login | undefined {
  try {
    return loginSchema.safeParse(JSON.parse(secret)).data;
  } catch {
    return undefined;
  }
}

/** @param username by which an own broker knows whose password the secret is; another user than the configuration names */
export function kafkaLogin(connection: Connection, secret: string, username = connection.username): Login {
  const login = connection.external === undefined ? { username: username ?? '', password: secret } : parseLogin(secret);
  if (login === undefined) throw new Error(`kafka-login: ${NO_LOGIN}`);
  return login;
}

/** What is wrong with the way to Kafka, beyond what the schema of a configuration can say. */
export function kafkaProblems(connection: Connection, secrets: Secrets, username = connection.username): string[] {
  if (connection.external === undefined) return missing('kafka.username', username);
  return [
    ...caProblems('kafka', connection.external),
    ...secretsNamed(secrets, 'kafka-login')
      .filter(([, secret]) => parseLogin(secret) === undefined)
      .map(([name]) => `${name}: ${NO_LOGIN}`),
  ];
}
