/** Rules about external engines: what is left out with them, and what they need. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Config } from './config';
import { hasOwnKafka, hasOwnMongodb } from './engines';

type Key = keyof Config;

/** Settings of the own engine, which an external one has no use for. */
const OF_OWN_KAFKA = ['kafkaMode', 'kafkaBrokers', 'kafkaSlot', 'kafkaOtherSlots'] as const satisfies Key[];
const OF_OWN_MONGODB = ['mongodbSlot'] as const satisfies Key[];
const OF_EXTERNAL_KAFKA = ['kafkaCidrs', 'kafkaCa'] as const satisfies Key[];
const OF_EXTERNAL_MONGODB = ['mongodbPort', 'mongodbCidrs', 'mongodbCa'] as const satisfies Key[];

/** @param given keys that were set, for a default contradicts nothing */
export function engineProblems(config: Config, given: readonly string[]): string[] {
  const set = (keys: readonly string[]): string => keys.filter((key) => given.includes(key)).join(', ');
  const surplus = (keys: readonly string[], why: string): string[] => (set(keys) ? [`${set(keys)}: ${why}`] : []);
  const external = (setting: string, cidrs: readonly string[], cidrsKey: string, ca: string, caKey: string) => [
    ...(cidrs.length > 0
      ? []
      : [`${cidrsKey}: say where ${setting} leads, such as the range of its VPC; 0.0.0.0/0 is everywhere`]),
    ...caProblems(caKey, ca),
  ];
  return [
    ...(hasOwnKafka(config)
      ? surplus(OF_EXTERNAL_KAFKA, 'Kafka is the own one; set kafkaBootstrap as well')
      : [
          ...surplus(OF_OWN_KAFKA, 'kafkaBootstrap names a Kafka of somebody else, so there is no own one to place'),
          ...external('kafkaBootstrap', config.kafkaCidrs, 'kafkaCidrs', config.kafkaCa, 'kafkaCa'),
        ]),
    ...(hasOwnMongodb(config)
      ? surplus(OF_EXTERNAL_MONGODB, 'MongoDB is the own one; set mongodbUri as well')
      : [
          ...surplus(
            OF_OWN_MONGODB,
            'mongodbUri stands for a MongoDB of somebody else, so there is no own one to place',
          ),
          ...external('the URI', config.mongodbCidrs, 'mongodbCidrs', config.mongodbCa, 'mongodbCa'),
        ]),
  ];
}

/** It goes into the bundle and onto every node: a CA, and never a key. */
function caProblems(key: string, file: string): string[] {
  if (file === 'none') return [];
  const got = `${key}: got "${file}"`;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    return [`${got}, which cannot be read: ${(error as NodeJS.ErrnoException).code}`];
  }
  if (text.includes('PRIVATE KEY')) return [`${got}, which holds a private key; expected certificates alone`];
  try {
    new X509Certificate(text);
    return [];
  } catch {
    return [`${got}, which is no PEM file of certificates`];
  }
}
