/** What can be rotated by itself: a secret that is one value, or one principal's password in a secret of several. Pure. */
import { EXTERNAL_SECRETS, type Principal, SECRETS, secretName, type SecretId } from '../contract';
import { CliError } from './errors';

/** `api-key`, `kafka-password/producer`: as documents name them. Brokers, changed one by one, must know each other throughout. */
export interface SecretKey {
  readonly name: string;
  readonly secret: SecretId;
  /** Undefined where the secret is one value. */
  readonly principal: string | undefined;
}

const BROKERS: Principal = 'brokers';

export const SECRET_KEYS: readonly SecretKey[] = (Object.keys(SECRETS) as SecretId[]).flatMap((secret): SecretKey[] => {
  const principals: readonly string[] = SECRETS[secret];
  if (principals.length === 0) return [{ name: secret, secret, principal: undefined }];
  return principals
    .filter((principal) => principal !== BROKERS)
    .map((principal) => ({ name: `${secret}/${principal}`, secret, principal }));
});

/** Kafka and MongoDB know their administrator's password from a file, and read it at a start. */
export const restarts = ({ principal }: SecretKey): boolean => principal === 'admin';

/** The component whose users these are, and the secret of an engine of somebody else in its place. */
const ENGINES: Readonly<Partial<Record<SecretId, readonly [component: string, login: keyof typeof EXTERNAL_SECRETS]>>> =
  {
    'kafka-password': ['kafka', 'kafka-login'],
    'mongodb-password': ['mongodb', 'mongodb-uri'],
  };

/**
 * Those of engines that are deployed: users of an external one are made and changed by whoever runs it.
 *
 * @param images as stack-deploy was told them; undefined: not known, so all
 * @param isNamed whether somebody has asked for these keys, and not for all
 * @throws CliError for a key that was asked for
 */
export function ofOwnEngines(
  keys: readonly SecretKey[],
  images: string | undefined,
  isNamed: boolean,
  stage: string,
  what: string,
): SecretKey[] {
  const isOwn = ({ secret }: SecretKey): boolean => {
    const [component] = ENGINES[secret] ?? [];
    return component === undefined || images === undefined || `,${images}`.includes(`,${component}=`);
  };
  const foreign = keys.find((key) => !isOwn(key));
  if (foreign === undefined || !isNamed) return keys.filter(isOwn);
  const login = secretName(stage, ENGINES[foreign.secret]![1]);
  throw new CliError(
    what,
    `${foreign.name} is not in use: that engine is an external one, and its login is in ${login}`,
    [
      `aws secretsmanager put-secret-value --secret-id ${login} --secret-string file://FILE    # a new login: docs/growing.md`,
      './bin/metals deploy    # brings it to the Swarm at once, and by itself it comes within half an hour',
    ],
    'refused',
  );
}

/** How the name of its Docker secret begins. */
export const dockerName = ({ name }: SecretKey): string => name.replace('/', '-');

/**
 * What is meant: a key, or a secret with all of its principals; without names, all but the administrators.
 *
 * @throws CliError with what there is
 */
export function chooseKeys(names: readonly string[], what: string): SecretKey[] {
  if (names.length === 0) return SECRET_KEYS.filter((key) => !restarts(key));
  const brokers = names.find((name) => name === `kafka-password/${BROKERS}`);
  if (brokers !== undefined)
    throw new CliError(
      what,
      `${brokers} is not rotated: brokers, which are changed one by one, must know each other throughout`,
      ['docs/brokers.md'],
      'usage',
    );
  const unknown = names.filter((name) => !SECRET_KEYS.some((key) => isNamed(key, name)));
  if (unknown.length > 0)
    throw new CliError(
      what,
      `there is no secret ${unknown.join(', ')}; there are: ${SECRET_KEYS.map(({ name }) => name).join(', ')}`,
      ['./bin/metals secrets list'],
      'usage',
    );
  return SECRET_KEYS.filter((key) => names.some((name) => isNamed(key, name)));
}

const isNamed = ({ name, secret }: SecretKey, wanted: string): boolean => wanted === name || wanted === secret;
