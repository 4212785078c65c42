/** Whose Kafka and whose MongoDB a deployment uses: its own, or one that somebody else runs. Pure. */
import type { Config } from './config';
import { EXTERNAL_SECRETS, type ExternalSecretId, type Principal, SECRETS, type SecretId } from './contract';

type KafkaChoice = Partial<Pick<Config, 'kafkaBootstrap'>>;
type MongodbChoice = Partial<Pick<Config, 'mongodbUri'>>;
export type EngineChoice = KafkaChoice & MongodbChoice;

export const hasOwnKafka = ({ kafkaBootstrap = [] }: KafkaChoice): boolean => kafkaBootstrap.length === 0;
export const hasOwnMongodb = ({ mongodbUri = 'none' }: MongodbChoice): boolean => mongodbUri === 'none';

/** A secret that the stack is deployed with. */
export interface StackSecret {
  readonly name: SecretId | ExternalSecretId;
  /** Whose values it holds; none: it is one value. */
  readonly principals: readonly Principal[];
}

/** Those that this choice needs, the product's own and those of external engines, which their owner fills. */
export function stackSecrets(choice: EngineChoice = {}): StackSecret[] {
  const own = (name: SecretId) => ({ name, principals: SECRETS[name] });
  const external = (name: ExternalSecretId) => ({ name, principals: EXTERNAL_SECRETS[name] });
  return [
    hasOwnMongodb(choice) ? own('mongodb-password') : external('mongodb-uri'),
    hasOwnKafka(choice) ? own('kafka-password') : external('kafka-login'),
    own('api-key'),
  ];
}

/** Where tasks may connect to, beside what nodes need themselves. */
export interface WayToEngine {
  readonly engine: 'Kafka' | 'MongoDB';
  readonly ports: readonly number[];
  readonly cidrs: readonly string[];
}

/** `b-1.example.com:9096` ends with its port. */
export const portOf = (address: string): number => Number(address.split(':').at(-1));

export const waysToEngines = (config: Config): WayToEngine[] => [
  ...(hasOwnKafka(config)
    ? []
    : [
        {
          engine: 'Kafka' as const,
          ports: [...new Set(config.kafkaBootstrap.map(portOf))],
          cidrs: config.kafkaCidrs,
        },
      ]),
  ...(hasOwnMongodb(config)
    ? []
    : [{ engine: 'MongoDB' as const, ports: [config.mongodbPort], cidrs: config.mongodbCidrs }]),
];
