/** Whom the services log in as. Each version of a password has a user of its own, so that two are accepted at a time. */
export interface Users {
  readonly kafkaProducer: string;
  readonly kafkaProcessor: string;
  readonly mongodbProcessor: string;
  /** Whether users of other versions go: nothing logs in as one of them any more. */
  readonly retireOthers: boolean;
}

/** The administrator has one name for ever: the broker names it in its own configuration. */
export const ADMIN = 'admin';

/** Outside a Swarm the users are named like their principals. */
export const readUsers = (env: NodeJS.ProcessEnv): Users => ({
  kafkaProducer: env.METALS_KAFKA_PRODUCER ?? 'producer',
  kafkaProcessor: env.METALS_KAFKA_PROCESSOR ?? 'processor',
  mongodbProcessor: env.METALS_MONGODB_PROCESSOR ?? 'processor',
  retireOthers: env.METALS_RETIRE === 'yes',
});
