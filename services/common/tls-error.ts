/** Why a connection to an external engine does not come about, in words that name what to correct. */

const UNTRUSTED: ReadonlySet<string> = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
]);
const OTHER_NAME = 'ERR_TLS_CERT_ALTNAME_INVALID';
const OUT_OF_DATE: ReadonlySet<string> = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']);
const NO_TLS: ReadonlySet<string> = new Set([
  'EPROTO',
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
]);
/** Node.js, where the other side ends the connection while TLS is being agreed on; it has the code of any reset. */
const HUNG_UP = /disconnected before secure TLS connection was established/;
const NO_HOST: ReadonlySet<string> = new Set(['ENOTFOUND', 'ENODATA']);

/** What kafkajs, Node.js and the MongoDB driver tell in their errors. */
interface Failure extends Error {
  readonly code?: unknown;
  /** Of kafkajs: host:port. */
  readonly broker?: unknown;
  /** Of Node.js: the name that was looked up. */
  readonly hostname?: unknown;
  /** Of the driver: what it knows of each server. */
  readonly reason?: { readonly servers?: ReadonlyMap<string, { readonly error?: unknown }> };
}

/** From the error down to its root. */
function chainOf(error: unknown): Failure[] {
  const chain: Failure[] = [];
  let current: unknown = error;
  while (typeof current === 'object' && current !== null && 'message' in current && chain.length < 8) {
    chain.push(current as Failure);
    current = (current as Failure).cause ?? serverError(current as Failure);
  }
  return chain;
}

/**
 * Whether the other side has hung up instead of speaking TLS: on a port without it, as Kafka and MongoDB do, or because it is
 * just starting or ending.
 */
export const hungUp = (error: unknown): boolean => chainOf(error).some(({ message }) => HUNG_UP.test(message));

/** Where the driver gave up for want of a server: why it has none. */
const serverError = ({ reason }: Failure): unknown =>
  reason?.servers instanceof Map
    ? [...reason.servers.values()].find(({ error }) => error !== undefined)?.error
    : undefined;

/** Undefined where it is another error, whose own text says more. */
export function explainTls(error: unknown): string | undefined {
  const chain = chainOf(error);
  if (hungUp(error))
    return `${placeOf(chain)} hangs up instead of speaking TLS: correct the port in ${settingsOf(chain).address}, unless it is just starting`;
  const told = chain.find(({ code }) => typeof code === 'string' && isKnown(code));
  if (told === undefined) return undefined;
  const code = String(told.code);
  const settings = settingsOf(chain);
  if (NO_HOST.has(code)) return unknownHost(told, settings.address);
  const where = placeOf(chain);
  if (UNTRUSTED.has(code))
    return `${where} shows a certificate that no trusted authority has signed (${code}): set ${settings.ca} to the file of its CA`;
  if (code === OTHER_NAME) {
    const names = /altnames: .*altnames: (.*)$/.exec(told.message)?.[1];
    return `${where} shows a certificate for another host${names ? `, ${names}` : ''} (${code}): correct the host name in ${settings.address}`;
  }
  if (OUT_OF_DATE.has(code))
    return `${where} shows a certificate that is out of date, or this clock is wrong (${code})`;
  return `${where} does not speak TLS on that port (${code}): correct the port in ${settings.address}`;
}

const KAFKA = { ca: 'kafkaCa', address: 'kafkaBootstrap' };
const MONGODB = { ca: 'mongodbCa', address: 'the URI in the secret mongodb-uri' };

const settingsOf = (chain: readonly Failure[]) =>
  chain.some(({ name }) => name?.startsWith('KafkaJS')) ? KAFKA : MONGODB;

const isKnown = (code: string): boolean =>
  UNTRUSTED.has(code) || code === OTHER_NAME || OUT_OF_DATE.has(code) || NO_TLS.has(code) || NO_HOST.has(code);

/** The names of this stack's own services have no dot, and are unknown only while the service is away. */
function unknownHost({ message, hostname }: Failure, address: string): string | undefined {
  const name = typeof hostname === 'string' ? hostname : /(?:ENOTFOUND|ENODATA) (\S+)/.exec(message)?.[1];
  return name?.includes('.') ? `the host name ${name} is not known: correct ${address}` : undefined;
}

function placeOf(chain: readonly Failure[]): string {
  const broker = chain.find((failure) => typeof failure.broker === 'string')?.broker;
  if (typeof broker === 'string') return broker;
  const servers = chain.find(({ reason }) => reason?.servers instanceof Map)?.reason?.servers ?? new Map();
  return [...servers].find(([, { error }]) => error !== undefined)?.[0] ?? 'the server';
}
