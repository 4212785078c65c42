import { kafkaProblems } from '../common/kafka-login';
import { mongoProblems } from '../common/mongo-uri';
import type { ToolsConfig } from './config';
import { ADMIN } from './users';

/** The users of the own engines are named by the verbs. */
export const checkEngines = ({ kafka, mongodb }: ToolsConfig, files: Readonly<Record<string, string>>): string[] => [
  ...kafkaProblems(kafka, files, ADMIN),
  ...mongoProblems(mongodb, files, ADMIN),
];
