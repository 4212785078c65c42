/**
 * A MongoDB of somebody else, with TLS and logins. In the lab it is the stand-in of services/mongodb, which has users and no
 * roles: that a right is missing cannot be shown with it.
 */
import type { LookupFunction } from 'node:net';
import { MongoClient } from 'mongodb';
import { baseImage } from '../../../lib/base-images';
import { MONGODB } from '../../../lib/contract';
import { FOLDER, startExternal, type RunningExternal } from './external-container';
import type { Connect, StoredPrice } from './pipeline';
import { eventually } from './run';
import type { Login } from './users';

export const MONGODB_HOST = 'mongodb.external.test';
/** Leads to the same server, whose certificate does not name it. */
export const MONGODB_OTHER_HOST = 'other-mongodb.external.test';
export const MONGODB_PORT = 27_017;
/** Takes logins as well, without TLS. */
export const MONGODB_BARE_PORT = 27_016;

const OPERATOR = 'operator';

/** The first user is made by a short process on loopback, as in services/mongodb/entrypoint.sh. */
const script = `
set -Eeuo pipefail
readonly DATA=/var/lib/external
options=(--handler=sqlite "--sqlite-url=file:\${DATA}/" "--state-dir=\${DATA}" --debug-addr=- --log-level=error --test-enable-new-auth)
if [[ ! -e \${DATA}/ready ]]; then
  mkdir -p "\${DATA}"
  FERRETDB_SETUP_PASSWORD=$(<${FOLDER}/operator) ferretdb "\${options[@]}" --listen-addr=127.0.0.1:27018 \\
    --setup-database=admin --setup-username=${OPERATOR} &
  until (exec 3<>/dev/tcp/127.0.0.1/27018) 2>/dev/null; do kill -0 $! && sleep 0.2; done
  kill -TERM $!
  wait $! || :
  touch "\${DATA}/ready"
fi
exec ferretdb "\${options[@]}" --listen-addr=:${MONGODB_BARE_PORT} --listen-tls=:${MONGODB_PORT} \\
  --listen-tls-cert-file=${FOLDER}/server.crt --listen-tls-key-file=${FOLDER}/server.key
`;

export interface ExternalMongo extends RunningExternal {
  /** A client as the server's operator, from this machine. */
  readonly prices: Connect;
  /** The user can log in no more. */
  removeUser(username: string): Promise<void>;
}

export const uriOf = ({ username, password }: Login, host = MONGODB_HOST, port = MONGODB_PORT): string =>
  `mongodb://${username}:${password}@${host}:${port}/`;

/** Starts it with these users, and waits until it answers. */
export async function startMongo(
  identity: { readonly cert: string; readonly key: string },
  caFile: string,
  users: readonly Login[],
  operatorPassword: string,
): Promise<ExternalMongo> {
  const container = await startExternal({
    ...{ name: 'mongodb', image: baseImage('mongodb'), place: 1, hosts: [MONGODB_HOST, MONGODB_OTHER_HOST] },
    files: {
      'server.crt': identity.cert,
      'server.key': identity.key,
      operator: operatorPassword,
      'start.sh': script,
    },
  });
  // This machine does not know the name.
  const lookup: LookupFunction = (_host, { all }, answer) =>
    all ? answer(null, [{ address: container.address, family: 4 }]) : answer(null, container.address, 4);
  const connect = async (): Promise<MongoClient> => {
    const uri = uriOf({ username: OPERATOR, password: operatorPassword });
    const client = new MongoClient(uri, { tls: true, tlsCAFile: caFile, lookup, serverSelectionTimeoutMS: 10_000 });
    try {
      return await client.connect();
    } catch (error) {
      await client.close();
      throw error;
    }
  };
  await eventually('the MongoDB of somebody else', 60, () => addUsers(connect, users));
  return {
    ...container,
    prices: async () => {
      const client = await connect();
      const collection = client.db(MONGODB.database).collection<StoredPrice>(MONGODB.collection);
      return { collection, close: () => client.close() };
    },
    removeUser: async (username) => {
      const client = await connect();
      try {
        await client.db('admin').command({ dropUser: username });
      } finally {
        await client.close();
      }
    },
  };
}

/** Why they could not be added yet. */
async function addUsers(connect: () => Promise<MongoClient>, users: readonly Login[]): Promise<string | undefined> {
  let client: MongoClient;
  try {
    client = await connect();
  } catch (error) {
    return (error as Error).message;
  }
  try {
    for (const { username: createUser, password: pwd } of users)
      await client.db('admin').command({ createUser, pwd, roles: [] });
    return undefined;
  } finally {
    await client.close();
  }
}
