import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readConfig } from '../../lib/config';
import { ConfigError } from '../../lib/config-error';

const AWS = { account: '123456789012', region: 'eu-west-1', amiId: 'ami-0123456789abcdef0' };
const KAFKA = { kafkaBootstrap: 'b-1.example.com:9096', kafkaCidrs: '10.40.0.0/16' };
const MONGODB = { mongodbUri: 'secret', mongodbCidrs: '0.0.0.0/0' };

function problemsOf(context: Record<string, unknown>): readonly string[] {
  try {
    readConfig({ ...AWS, ...context }, {});
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).problems;
  }
  return [];
}

test('engines are the own ones where nothing else is said', () => {
  expect(readConfig(AWS, {})).toMatchObject({ kafkaBootstrap: [], mongodbUri: 'none' });
});

test('external engines are taken, with where they are', () => {
  expect(problemsOf({ ...KAFKA, ...MONGODB, mongodbPort: '27016' })).toEqual([]);
  expect(
    readConfig({ ...AWS, ...KAFKA, kafkaBootstrap: ['a.example.com:9096', 'b.example.com:9096'] }, {}),
  ).toMatchObject({
    kafkaBootstrap: ['a.example.com:9096', 'b.example.com:9096'],
    kafkaCidrs: ['10.40.0.0/16'],
  });
});

test.each<[Record<string, unknown>, string]>([
  [
    { ...KAFKA, kafkaBrokers: 3, kafkaMode: 'kraft', kafkaSlot: 'worker-9' },
    'kafkaMode, kafkaBrokers, kafkaSlot: kafkaBootstrap names a Kafka of somebody else, so there is no own one to place',
  ],
  [
    { ...MONGODB, mongodbSlot: 'worker-1' },
    'mongodbSlot: mongodbUri stands for a MongoDB of somebody else, so there is no own one to place',
  ],
  [
    { kafkaBootstrap: 'b-1.example.com:9096' },
    'kafkaCidrs: say where kafkaBootstrap leads, such as the range of its VPC; 0.0.0.0/0 is everywhere',
  ],
  [
    { mongodbUri: 'secret' },
    'mongodbCidrs: say where the URI leads, such as the range of its VPC; 0.0.0.0/0 is everywhere',
  ],
  [{ kafkaCidrs: '10.40.0.0/16' }, 'kafkaCidrs: Kafka is the own one; set kafkaBootstrap as well'],
  [{ mongodbPort: 27_018 }, 'mongodbPort: MongoDB is the own one; set mongodbUri as well'],
  [{ ...KAFKA, kafkaCa: 'no/such.pem' }, 'kafkaCa: got "no/such.pem", which cannot be read: ENOENT'],
])('%j', (context, problem) => {
  expect(problemsOf(context)).toEqual([problem]);
});

test.each([
  ['kafkaBootstrap', 'b-1.example.com', 'kafkaBootstrap: got "b-1.example.com", expected addresses such as b-1.metals'],
  [
    'mongodbUri',
    'mongodb://u:secret@h/',
    'mongodbUri: expected none or secret: the URI itself, with its password, goes into the secret',
  ],
])('%s: %s', (key, value, problem) => {
  const [told] = problemsOf({ [key]: value });
  expect(told).toContain(problem);
  expect(told).not.toContain('u:secret');
});

describe('a CA file', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'metals-ca-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each([
    [
      'with a private key in it',
      '-----BEGIN PRIVATE KEY-----\n',
      'which holds a private key; expected certificates alone',
    ],
    ['without a certificate', 'nothing\n', 'which is no PEM file of certificates'],
  ])('%s is refused', (_, content, why) => {
    const file = path.join(folder, 'ca.pem');
    writeFileSync(file, content);
    expect(problemsOf({ ...MONGODB, mongodbCa: file })).toEqual([`mongodbCa: got "${file}", ${why}`]);
  });
});
