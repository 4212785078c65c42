/** A Kafka of somebody else: TLS, SCRAM-SHA-512, and whoever has no rule may do nothing. */
import { connect } from 'node:tls';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { baseImage } from '../../../lib/base-images';
import { FOLDER, startExternal, type RunningExternal } from './external-container';
import { scram } from './kafka';
import { eventually } from './run';
import type { Login } from './users';

export const KAFKA_HOST = 'kafka.external.test';
/** Leads to the same broker, whose certificate does not name it. */
export const KAFKA_OTHER_HOST = 'other-kafka.external.test';
export const KAFKA_PORT = 9096;
/** Takes logins as well, without TLS. */
export const KAFKA_BARE_PORT = 9095;
const LOCAL = '127.0.0.1:9094';

/** Who may do everything. */
const OPERATOR = 'operator';

const properties = `
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:9093
listeners=TLS://:${KAFKA_PORT},BARE://:${KAFKA_BARE_PORT},LOCAL://${LOCAL},CONTROLLER://127.0.0.1:9093
advertised.listeners=TLS://${KAFKA_HOST}:${KAFKA_PORT},BARE://${KAFKA_HOST}:${KAFKA_BARE_PORT},LOCAL://${LOCAL}
listener.security.protocol.map=TLS:SASL_SSL,BARE:SASL_PLAINTEXT,LOCAL:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=LOCAL
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.tls.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.bare.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.tls.ssl.keystore.type=PEM
listener.name.tls.ssl.keystore.location=${FOLDER}/server.pem
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=false
# ANONYMOUS is whoever reaches a listener on loopback, which is this container alone.
super.users=User:${OPERATOR};User:ANONYMOUS
log.dirs=/var/lib/kafka/external
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=5
group.initial.rebalance.delay.ms=500
`;

const script = `
set -Eeuo pipefail
cd ${FOLDER}
[[ -e /var/lib/kafka/external/meta.properties ]] || java -Xmx96m -cp '/opt/kafka/libs/*' @format.arguments
exec java -Xms128m -Xmx384m -cp '/opt/kafka/libs/*' kafka.Kafka server.properties
`;

/** For Java, one argument a line. */
const format = (users: readonly Login[]): string =>
  [
    ...['kafka.tools.StorageTool', 'format', '--config', 'server.properties'],
    ...['--cluster-id', Buffer.from('metals-external!').toString('base64url')],
    ...users.flatMap(({ username, password }) => [
      '--add-scram',
      `SCRAM-SHA-512=[name=${username},password=${password}]`,
    ]),
  ]
    .map((argument) => `"${argument}"\n`)
    .join('');

export interface ExternalKafka extends RunningExternal {
  /** As its operator, from this machine. */
  readonly kafka: Kafka;
  /** Writes one record as it is. */
  send(topic: string, value: string): Promise<void>;
  /** The user can log in no more; what is connected stays so. */
  removeUser(username: string): Promise<void>;
}

/** Starts it with these users, who may do nothing yet, and waits until it answers. */
export async function startKafka(
  identity: { readonly cert: string; readonly key: string },
  ca: Buffer,
  users: readonly Login[],
  operatorPassword: string,
): Promise<ExternalKafka> {
  const container = await startExternal({
    ...{ name: 'kafka', image: baseImage('kafka'), place: 0, hosts: [KAFKA_HOST, KAFKA_OTHER_HOST] },
    files: {
      'server.properties': properties,
      'server.pem': `${identity.key}${identity.cert}`,
      'format.arguments': format([...users, { username: OPERATOR, password: operatorPassword }]),
      'start.sh': script,
    },
  });
  const kafka = new Kafka({
    brokers: [`${KAFKA_HOST}:${KAFKA_PORT}`],
    // This machine does not know the name.
    socketFactory: ({ port, onConnect }) =>
      connect({ host: container.address, port, servername: KAFKA_HOST, ca }, onConnect),
    sasl: scram(OPERATOR, operatorPassword),
    retry: { retries: 2 },
    logLevel: logLevel.NOTHING,
  });
  const start = async (): Promise<void> => {
    await container.start();
    await answers(kafka);
  };
  await answers(kafka);
  return { ...container, start, kafka, send: send(kafka), removeUser: removeUser(container) };
}

const answers = (kafka: Kafka): Promise<void> =>
  eventually('the Kafka of somebody else', 180, async () => {
    const admin = kafka.admin({ retry: { retries: 0 } });
    const reason = await admin.connect().then(
      () => undefined,
      ({ message }: Error) => message,
    );
    await admin.disconnect();
    return reason;
  });

const send =
  (kafka: Kafka): ExternalKafka['send'] =>
  async (topic, value) => {
    const producer = kafka.producer({
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
    });
    await producer.connect();
    try {
      await producer.send({ topic, acks: -1, messages: [{ value }] });
    } finally {
      await producer.disconnect();
    }
  };

/** By Kafka's own tool: kafkajs knows no users. After a restart a broker may have forgotten all: services/tools/scram-users.ts. */
const removeUser =
  ({ exec }: RunningExternal): ExternalKafka['removeUser'] =>
  async (username) => {
    const change = `--alter --entity-type users --entity-name ${username} --delete-config SCRAM-SHA-512`;
    const tool = `java -Xmx96m -cp '/opt/kafka/libs/*' kafka.admin.ConfigCommand --bootstrap-server ${LOCAL}`;
    await exec('bash', '-c', `${tool} ${change}`);
  };
