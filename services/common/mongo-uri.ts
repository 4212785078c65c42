/** The URI of somebody else's MongoDB, with user and password, as it stands in a secret: it is never quoted. */
import { MongoClient } from 'mongodb';
import { caProblems, missing, secretsNamed, type Engines, type MaybeExternal, type Secrets } from './external';

type Connection = MaybeExternal & { readonly username?: string; readonly host?: string };

/** How the name of the secret begins that holds what is logged in with; tools have one for each principal. */
export const mongoSecret = ({ mongodb }: Engines): string =>
  mongodb?.external === undefined ? 'mongodb-password' : 'mongodb-uri';

/** Would turn off what TLS is for. */
const WEAKENED = /[?&]((tlsInsecure|tlsAllowInvalidCertificates|tlsAllowInvalidHostnames)=true|(tls|ssl)=false)/i;
const PLACEHOLDER = /^<.*>$/;

/** What is wrong with a URI; undefined: nothing. */
export function mongoUriProblem(uri: string): string | undefined {
  if (!/^mongodb(\+srv)?:\/\//.test(uri)) return 'it does not begin with mongodb:// or mongodb+srv://';
  const weakened = WEAKENED.exec(uri)?.[1];
  if (weakened !== undefined) return `it says ${weakened}, but an external MongoDB is reached by verified TLS alone`;
  try {
    const { credentials } = new MongoClient(uri).options;
    if (!credentials?.username || !credentials.password)
      return 'it names no user and password: mongodb+srv://USER:PASSWORD@HOST/';
    if (PLACEHOLDER.test(credentials.password)) return `its password is still ${credentials.password}`;
    return undefined;
  } catch {
    // The driver's own text may repeat it.
    return 'the driver cannot read it; in user and password write : / ? # [ ] @ % as %3A and so on';
  }
}

/** Where it is: without user and password. */
export const mongoPlace = (connection: Connection, secret: string): string => hostsOf(connection, secret).join(', ');

/** Whether two are one, each with its secret: a replica set may be named by its members in any order. */
export function isSamePlace(...[one, other]: readonly [Connection, string][]): boolean {
  const [hosts, others] = [one, other].map((each) =>
    hostsOf(...each)
      .map((host) => host.toLowerCase())
      .sort(),
  );
  return hosts.join() === others.join();
}

function hostsOf(connection: Connection, secret: string): string[] {
  if (connection.external === undefined) return [connection.host ?? ''];
  const { srvHost, hosts } = new MongoClient(secret).options;
  return srvHost === undefined ? hosts.map(String) : [srvHost];
}

/** What is wrong with the way to MongoDB, beyond what the schema of a configuration can say. */
export function mongoProblems(connection: Connection, secrets: Secrets, username = connection.username): string[] {
  if (connection.external === undefined)
    return [...missing('mongodb.host', connection.host), ...missing('mongodb.username', username)];
  return [
    ...caProblems('mongodb', connection.external),
    ...secretsNamed(secrets, 'mongodb-uri').flatMap(([name, uri]) => {
      const problem = mongoUriProblem(uri);
      return problem === undefined ? [] : [`${name}: ${problem}`];
    }),
  ];
}
