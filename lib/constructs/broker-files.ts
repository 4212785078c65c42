/** The stack's files for three brokers, made of the one service that stack.yml has. Pure. */
import { stringify } from 'yaml';
import { brokerService } from '../slots';
import { readStackFile } from './stack-file';

type Yaml = Readonly<Record<string, unknown>>;

interface Service extends Yaml {
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets: readonly Yaml[];
  readonly deploy: Yaml;
}

interface StackFile extends Yaml {
  readonly version: string;
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Yaml;
  readonly volumes: Yaml;
  readonly secrets: Yaml;
}

/** Read from the environment by stack-deploy, which finds or makes the cluster. */
const CLUSTER_ID = '${METALS_KAFKA_CLUSTER_ID}';
const PASSWORD = 'kafka-password-brokers';

const MOST_BROKERS = 3;

const onNodeOf = (broker: number) => ({ constraints: [`node.labels.metals.${brokerService(broker)} == true`] });

/**
 * `stack.broker-1.yml`, merged over stack.yml, makes its broker one of several. `stack.broker-2.yml` and so on have a
 * service each, so that stack-deploy can change one broker after the other. `form.yml` has jobs that ask each broker's
 * volume for its cluster (`look-1`, …), and `form-new.yml` the one that makes a new cluster. Of a single broker there is
 * instead what goes back from three: `leave-2.yml` and so on, by which brokers stay only as long as they are there, and
 * `dismiss.yml`, the job that ends their membership.
 */
export function brokerFiles(stackYaml: string, brokers: number): Record<string, string> {
  const stack = readStackFile(stackYaml) as StackFile;
  const broker1 = stack.services.kafka!;
  const numbers = Array.from({ length: brokers }, (_, index) => index + 1);
  const password = { ...broker1.secrets[0], source: PASSWORD, target: PASSWORD };
  const environment = (broker: number) => ({
    METALS_KAFKA_BROKERS: String(Math.max(brokers, broker > 1 ? MOST_BROKERS : 1)),
    METALS_KAFKA_BROKER: String(broker),
    METALS_KAFKA_CLUSTER_ID: CLUSTER_ID,
  });
  const member = (broker: number): Service => ({
    ...broker1,
    environment: { ...broker1.environment, ...environment(broker) },
    secrets: [...broker1.secrets, password],
    deploy: { ...broker1.deploy, placement: onNodeOf(broker) },
  });
  /** Ends by itself, and what it has printed is its answer. */
  const job = (broker: number, argument: string) => {
    const service = member(broker);
    const { labels, resources } = service.deploy;
    return {
      ...service,
      command: [argument],
      healthcheck: { disable: true },
      deploy: {
        mode: 'replicated-job',
        ...{ labels, resources, placement: onNodeOf(broker) },
        restart_policy: { condition: 'on-failure', delay: '2s', max_attempts: 3 },
      },
    };
  };
  const file = (services: Readonly<Record<string, unknown>>) => {
    const { version, networks, volumes, secrets } = stack;
    const used = ['metals-frontend', 'metals-backend'];
    return stringify({
      version,
      services,
      networks: Object.fromEntries(used.map((network) => [network, networks[network]])),
      volumes: Object.fromEntries(Object.entries(volumes).filter(([volume]) => volume.startsWith('kafka-'))),
      secrets: Object.fromEntries(Object.entries(secrets).filter(([secret]) => secret.startsWith('kafka-'))),
    });
  };
  const leaving = (broker: number): Service => {
    const service = member(broker);
    return { ...service, environment: { ...service.environment, METALS_KAFKA_AUTO_JOIN: 'false' } };
  };
  const first = { 'stack.broker-1.yml': file({ kafka: { environment: environment(1), secrets: [password] } }) };
  if (brokers === 1) {
    const others = Array.from({ length: MOST_BROKERS - 1 }, (_, index) => index + 2);
    return {
      ...first,
      ...Object.fromEntries(
        others.map((broker) => [`leave-${broker}.yml`, file({ [brokerService(broker)]: leaving(broker) })]),
      ),
      'dismiss.yml': file({ dismiss: job(1, 'dismiss') }),
    };
  }
  return {
    ...first,
    ...Object.fromEntries(
      numbers
        .slice(1)
        .map((broker) => [`stack.broker-${broker}.yml`, file({ [brokerService(broker)]: member(broker) })]),
    ),
    'form.yml': file(Object.fromEntries(numbers.map((broker) => [`look-${broker}`, job(broker, 'cluster')]))),
    'form-new.yml': file({ form: job(1, 'form') }),
  };
}
