/** Engines of somebody else that cannot be used: a deployment ends with one message, and the own ones go on, as docs/growing.md says. */
import { secretName } from '../../lib/contract';
import {
  putLogins,
  removeExternalEngines,
  startExternalEngines,
  type ExternalEngines,
  type Logins,
} from './support/external-engines';
import { KAFKA_BARE_PORT, KAFKA_HOST, KAFKA_OTHER_HOST, KAFKA_PORT } from './support/external-kafka';
import { MONGODB_BARE_PORT, MONGODB_HOST, MONGODB_OTHER_HOST, MONGODB_PORT, uriOf } from './support/external-mongodb';
import { RIGHTS, setRights, without } from './support/external-rights';
import { tasks } from './support/nodes';
import type { Settings } from './support/run';
import { removeSecret, stage } from './support/secrets';
import { deploy, inFullRun, mustDeploy, mustPassSmokeTest, underLoad } from './support/sequences';

jest.setTimeout(3_600_000);

const EVENTS_PER_SECOND = 5;
const UNKNOWN_HOST = 'nowhere.external.test';
const WRONG = 'not-the-password';

/** What is wrong, and how it is said. */
interface Fault {
  readonly what: string;
  readonly settings?: (engines: ExternalEngines) => Settings;
  readonly logins?: (engines: ExternalEngines) => Partial<Logins>;
  /** Anything else, before the deployment. */
  readonly cause?: (engines: ExternalEngines) => Promise<void>;
  readonly said: string;
}

const kafkaAt = (host: string, port = KAFKA_PORT) => ({
  settings: (): Settings => ({ kafkaBootstrap: `${host}:${port}` }),
});
const mongodbAt = (host: string, port = MONGODB_PORT) => ({
  settings: (): Settings => ({ mongodbPort: port }),
  logins: ({ login }: ExternalEngines): Partial<Logins> => ({ 'mongodb-uri': uriOf(login('second'), host, port) }),
});

const FAULTS: readonly Fault[] = [
  {
    what: 'a wrong CA of Kafka',
    settings: ({ otherCa }) => ({ kafkaCa: otherCa }),
    said: `${KAFKA_HOST}:${KAFKA_PORT} shows a certificate that no trusted authority has signed`,
  },
  {
    what: 'a Kafka of another name',
    ...kafkaAt(KAFKA_OTHER_HOST),
    said: `${KAFKA_OTHER_HOST}:${KAFKA_PORT} shows a certificate for another host, DNS:${KAFKA_HOST}`,
  },
  {
    what: 'a Kafka that nobody knows',
    ...kafkaAt(UNKNOWN_HOST),
    said: `the host name ${UNKNOWN_HOST} is not known: correct kafkaBootstrap`,
  },
  {
    what: 'a port of Kafka without TLS',
    ...kafkaAt(KAFKA_HOST, KAFKA_BARE_PORT),
    said: `${KAFKA_HOST}:${KAFKA_BARE_PORT} hangs up instead of speaking TLS`,
  },
  {
    what: 'a wrong password of Kafka',
    logins: ({ login }) => ({ 'kafka-login': JSON.stringify({ ...login('second'), password: WRONG }) }),
    said: 'Kafka refuses the login of external-second: user or password in the secret kafka-login is another one',
  },
  {
    what: 'no right on the topic',
    cause: ({ kafka, login }) => setRights(kafka.kafka, login('producer').username, []),
    said: 'external-producer may not use topic metals-prices: allow Write on it',
  },
  {
    what: 'no right on the group',
    cause: ({ kafka, login }) =>
      setRights(kafka.kafka, login('processor').username, without(RIGHTS.processor, 'Group')),
    said: 'external-processor may not use the consumer group metals-processor: allow Read on it',
  },
  {
    what: 'a secret that is missing',
    cause: () => removeSecret('mongodb-uri'),
    said: `secret ${secretName(stage(), 'mongodb-uri')} is not in Secrets Manager, or may not be read`,
  },
  {
    what: 'a wrong CA of MongoDB',
    settings: ({ otherCa }) => ({ mongodbCa: otherCa }),
    said: `${MONGODB_HOST}:${MONGODB_PORT} shows a certificate that no trusted authority has signed`,
  },
  {
    what: 'a MongoDB of another name',
    ...mongodbAt(MONGODB_OTHER_HOST),
    said: `${MONGODB_OTHER_HOST}:${MONGODB_PORT} shows a certificate for another host, DNS:${MONGODB_HOST}`,
  },
  {
    what: 'a port of MongoDB without TLS',
    ...mongodbAt(MONGODB_HOST, MONGODB_BARE_PORT),
    said: `${MONGODB_HOST}:${MONGODB_BARE_PORT} hangs up instead of speaking TLS`,
  },
  {
    what: 'a wrong password of MongoDB',
    logins: ({ login }) => ({ 'mongodb-uri': uriOf({ ...login('second'), password: WRONG }) }),
    said: 'MongoDB refuses the login: user or password in the URI of the secret mongodb-uri is another one',
  },
];

inFullRun('a deployment that says what is wrong with engines of somebody else, while the own ones go on:', () => {
  let engines: ExternalEngines;

  beforeAll(async () => {
    engines = await startExternalEngines();
  });
  afterAll(async () => {
    try {
      await mustDeploy();
    } finally {
      await removeExternalEngines();
    }
  });

  test.each(FAULTS)('$what', async ({ settings, logins, cause, said }) => {
    await engines.grant();
    await putLogins({ ...engines.first, ...logins?.(engines) });
    await cause?.(engines);
    const refused = await underLoad(EVENTS_PER_SECOND, async () => {
      const result = await deploy({ ...engines.settings, ...settings?.(engines) });
      expect(result.code).not.toBe(0);
      // What stands below the progress of all stacks: the reason why it failed. The CDK CLI breaks its lines anywhere.
      const told = `${result.stdout}${result.stderr}`;
      expect(told.slice(told.lastIndexOf('❌')).replace(/\s+/g, ' ')).toContain(said);
      expect(told).not.toContain('UPDATE_ROLLBACK_FAILED');
    });
    expect(refused).toEqual([]);
    const own = (await tasks()).filter(({ service }) => ['kafka', 'mongodb'].includes(service));
    expect(own.map(({ service }) => service).sort()).toEqual(['kafka', 'mongodb']);
    await mustPassSmokeTest();
  });
});
