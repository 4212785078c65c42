import { CliError, explainError } from '../../../lib/cli/errors';
import { LabError } from '../../../lib/lab/lab-error';
import { DeadlineError } from '../../../lib/ssm';

const named = (name: string, message: string, extra: object = {}) =>
  Object.assign(new Error(message), { name, ...extra });
const explain = (error: unknown, context: object = {}) =>
  explainError(error, { what: 'the status could not be read', region: 'eu-west-1', ...context });

test.each([
  [
    'no credentials',
    named('CredentialsProviderError', 'Could not load credentials from any providers'),
    {},
    'no AWS credentials were found in the environment, a profile or the machine',
    [
      'aws sso login',
      'or name a profile with --profile: aws configure list-profiles',
      'for the lab: . .lab/env (after npm run lab)',
    ],
    4,
  ],
  [
    'unknown profile',
    named('CredentialsProviderError', 'Could not resolve credentials using profile: [wrk]'),
    { profile: 'wrk' },
    'the profile "wrk" gives no credentials (Could not resolve credentials using profile: [wrk])',
    ['aws sso login --profile wrk', 'aws configure list-profiles'],
    4,
  ],
  [
    'expired sign-in',
    named('CredentialsProviderError', 'The SSO session associated with this profile has expired.'),
    { profile: 'work' },
    'the sign-in has expired (The SSO session associated with this profile has expired.)',
    ['aws sso login --profile work'],
    4,
  ],
  [
    'expired token',
    named('ExpiredTokenException', 'The security token included in the request is expired'),
    {},
    'the session token has expired (The security token included in the request is expired)',
    ['aws sso login'],
    4,
  ],
  [
    'access denied',
    named('AccessDeniedException', 'User x is not authorized to perform: ssm:SendCommand'),
    {},
    'these credentials may not do this: User x is not authorized to perform: ssm:SendCommand',
    ['aws sts get-caller-identity'],
    4,
  ],
  [
    'stale secret of an older lab',
    named('SignatureDoesNotMatch', 'wrong'),
    { endpoint: 'http://127.0.0.1:4566' },
    'the lab does not accept these credentials: wrong',
    ['. .lab/env'],
    4,
  ],
  [
    'no region',
    new Error('Region is missing'),
    {},
    'no region is set',
    ['add --region eu-west-1, or export AWS_REGION=eu-west-1', 'for the lab: . .lab/env (after npm run lab)'],
    2,
  ],
  [
    'lab not up',
    new AggregateError([Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:4566'), { code: 'ECONNREFUSED' })], ''),
    { endpoint: 'http://127.0.0.1:4566' },
    'nothing answers at http://127.0.0.1:4566 (AWS_ENDPOINT_URL): connect ECONNREFUSED 127.0.0.1:4566',
    ['./bin/metals lab status', 'npm run lab'],
    1,
  ],
  [
    'no such region',
    named('Error', 'getaddrinfo ENOTFOUND ssm.eu-west-9.amazonaws.com', { code: 'ENOTFOUND' }),
    { region: 'eu-west-9' },
    'AWS does not answer in region eu-west-9 (an unknown region; did you mean eu-west-1?): getaddrinfo ENOTFOUND ssm.eu-west-9.amazonaws.com',
    [
      'check the network and the name of the region',
      'behind a proxy: export HTTPS_PROXY=http://HOST:PORT    # the CDK and AWS command lines take it too',
    ],
    1,
  ],
  [
    'deadline',
    new DeadlineError('command c-1', 120, 'manager-1 InProgress'),
    {},
    'not finished within 120 s; still waiting for: manager-1 InProgress',
    ['./bin/metals status', 'or allow more time with --timeout'],
    1,
  ],
  [
    'the lab',
    new LabError('port 4566 is in use', ['npm run lab:down']),
    {},
    'port 4566 is in use',
    ['npm run lab:down'],
    1,
  ],
  [
    'anything else',
    named('ThrottlingException', 'Rate exceeded'),
    {},
    'ThrottlingException: Rate exceeded',
    ['run it again with DEBUG=1 to see where it happened'],
    1,
  ],
])('%s', (_, error, context, why, next, exitCode) => {
  expect(explain(error, context)).toMatchObject({ what: 'the status could not be read', why, next, exitCode });
});

test('an error that is already explained stays as it is', () => {
  const told = new CliError('a', 'b', ['c']);
  expect(explain(told)).toBe(told);
});

test('something thrown that is no error is still told', () => {
  expect(explain('gone').why).toBe('gone');
});
