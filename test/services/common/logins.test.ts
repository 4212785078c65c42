import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kafkaLogin, kafkaProblems } from '../../../services/common/kafka-login';
import { mongoPlace, mongoProblems, mongoUriProblem } from '../../../services/common/mongo-uri';
import { temporaryFolder } from './temporary-folder';

const EXTERNAL = { external: {} };
const LOGIN = '{"username":"metals","password":"word"}';

describe('the login of Kafka', () => {
  test('at an own broker is the user that is asked for, or that of the configuration, with the secret as password', () => {
    expect(kafkaLogin({ username: 'producer' }, 'word', 'producer-1')).toEqual({
      username: 'producer-1',
      password: 'word',
    });
    expect(kafkaLogin({ username: 'producer' }, 'word')).toEqual({ username: 'producer', password: 'word' });
  });

  test("at somebody else's is what the secret says", () => {
    expect(kafkaLogin(EXTERNAL, LOGIN, 'admin')).toEqual({ username: 'metals', password: 'word' });
  });

  test.each(['word-that-is-a-secret', '{"username":"metals"}', '{"username":"","password":"hidden"}', '[]'])(
    'in a secret of another form is a problem that does not quote it: %s',
    (secret) => {
      const problems = kafkaProblems(EXTERNAL, { 'kafka-login-admin': secret });
      expect(problems).toEqual(['kafka-login-admin: the secret is no JSON object {"username": "…", "password": "…"}']);
    },
  );

  test('without a user at an own broker', () => {
    expect(kafkaProblems({}, {})).toEqual([
      'kafka.username: is required where the engine is not external (got nothing)',
    ]);
    expect(kafkaProblems({}, {}, 'producer-1')).toEqual([]);
  });
});

describe('the URI of MongoDB', () => {
  const SECRET = 's3cret';
  test.each([
    [`mongodb+srv://metals:${SECRET}@cluster0.ab1cd.mongodb.net/?retryWrites=true&w=1`, undefined],
    [`mongodb://metals:${SECRET}@docdb.example.com:27017/?tls=true&replicaSet=rs0&retryWrites=false`, undefined],
    [`https://metals:${SECRET}@example.com/`, 'it does not begin with mongodb:// or mongodb+srv://'],
    ['mongodb://example.com/', 'it names no user and password: mongodb+srv://USER:PASSWORD@HOST/'],
    [`mongodb://metals:${SECRET}/1@example.com/`, /^the driver cannot read it/],
    ['mongodb+srv://metals:<db_password>@cluster0.ab1cd.mongodb.net/', 'its password is still <db_password>'],
    [`mongodb://metals:${SECRET}@example.com/?tls=false`, /^it says tls=false, but/],
    [`mongodb://m:${SECRET}@example.com/?tls=true&tlsAllowInvalidHostnames=true`, /^it says tlsAllowInvalidHostnames=/],
  ])('%s', (uri, expected) => {
    const problem = mongoUriProblem(uri);
    if (expected === undefined) expect(problem).toBeUndefined();
    else expect(problem).toMatch(expected);
    expect(problem ?? '').not.toContain(SECRET);
  });

  test('is shown without user and password', () => {
    const place = (uri: string) => mongoPlace(EXTERNAL, uri);
    expect(place(`mongodb+srv://metals:${SECRET}@cluster0.ab1cd.mongodb.net/`)).toBe('cluster0.ab1cd.mongodb.net');
    expect(place(`mongodb://metals:${SECRET}@a.example.com:27017,b.example.com/`)).toBe(
      'a.example.com:27017, b.example.com:27017',
    );
    expect(mongoPlace({ host: 'mongodb:27017' }, 'word')).toBe('mongodb:27017');
  });

  test('is told with the file that holds it, beside a CA that is none', () => {
    const file = join(temporaryFolder(), 'ca.pem');
    writeFileSync(file, 'no certificate');
    expect(mongoProblems({ external: { ca_file: file } }, { 'mongodb-uri': 'x' })).toEqual([
      `mongodb.external.ca_file: it holds no certificate: ${file}`,
      'mongodb-uri: it does not begin with mongodb:// or mongodb+srv://',
    ]);
    expect(mongoProblems({ external: { ca_file: `${file}.gone` } }, {})).toEqual([
      `mongodb.external.ca_file: there is no such file: ${file}.gone`,
    ]);
  });

  test('of the own one is a host and a user', () => {
    expect(mongoProblems({ host: 'mongodb:27017', username: 'processor' }, {})).toEqual([]);
    expect(mongoProblems({}, {})).toHaveLength(2);
  });
});
