import { readContext } from '../../../lib/cli/context';
import { wantsColor } from '../../../lib/cli/terminal';
import { fakeIo, LAB_ENV } from './fake-io';

const signal = new AbortController().signal;
const read = (options: object, env: NodeJS.ProcessEnv = {}, cdkContext: Record<string, unknown> = {}) =>
  readContext({ color: true, ...options }, fakeIo(env), signal, cdkContext);

describe('stage and region', () => {
  test.each([
    ['flag', { stage: 'blue' }, { METALS_STAGE: 'green' }, 'blue'],
    ['environment', {}, { METALS_STAGE: 'green' }, 'green'],
    ['AWS without either', {}, {}, 'prod'],
    ['lab without either', {}, { ...LAB_ENV, METALS_STAGE: '' }, 'lab'],
  ])('stage from %s', (_, options, env, stage) => expect(read(options, env).stage).toBe(stage));

  test('stage from cdk.json, which comes after the environment, and is named where it is wrong', () => {
    expect(read({}, {}, { stage: 'red' }).stage).toBe('red');
    expect(read({}, LAB_ENV, { stage: 'red' }).stage).toBe('lab');
    expect(() => read({}, {}, { stage: 'Red' })).toThrow('stage in cdk.json: got "Red", expected up to 16');
    expect(() => read({}, { METALS_STAGE: 'Red' })).toThrow('METALS_STAGE: got "Red"');
  });

  test.each([
    [{ region: 'eu-west-2' }, { AWS_REGION: 'eu-west-3' }, 'eu-west-2'],
    [{}, { AWS_REGION: 'eu-west-3', AWS_DEFAULT_REGION: 'eu-west-4' }, 'eu-west-3'],
    [{}, { AWS_DEFAULT_REGION: 'eu-west-4' }, 'eu-west-4'],
    [{}, {}, undefined],
    [{}, { ...LAB_ENV, AWS_REGION: '' }, 'eu-west-1'],
  ])('region from %j and %j', (options, env, region) => expect(read(options, env).region).toBe(region));

  test('a profile means AWS, even with the lab in the environment', () => {
    expect(read({ profile: 'work' }, LAB_ENV).isLab).toBe(false);
  });
});

test.each([
  [
    { stage: 'Prod' },
    {},
    '--stage: got "Prod", expected up to 16 lowercase letters, digits and hyphens, a letter first',
  ],
  [{ region: 'us-east-1' }, LAB_ENV, '--region: got "us-east-1", but the lab serves eu-west-1 only'],
  [{ region: 'mars' }, {}, '--region: got "mars", expected an AWS region'],
  [{ timeout: 'soon' }, {}, '--timeout: got "soon", expected a duration such as 90s, 15m, 24h or 7d, at most 24h'],
  [{ timeout: '0' }, {}, '--timeout: got "0", expected a duration such as 90s, 15m, 24h or 7d, at most 24h'],
  [{}, { AWS_ACCESS_KEY_ID: '000000000000' }, 'account 000000000000 is the lab, but AWS_ENDPOINT_URL is not set'],
])('refuses %j with %j', (options, env, why) => {
  expect(() => read(options, env)).toThrow(expect.objectContaining({ why, exitCode: 2 }));
});

test.each([
  ['90', 90],
  ['90s', 90],
  ['15m', 900],
  ['1h', 3600],
])('timeout %s', (timeout, seconds) => expect(read({ timeout }).timeoutSeconds).toBe(seconds));

test.each([
  [{}, true, true, true],
  [{}, true, false, false],
  [{ NO_COLOR: '1' }, true, true, false],
  [{ NO_COLOR: '' }, true, true, true],
  [{ CI: 'true' }, true, true, false],
  [{ TERM: 'dumb' }, true, true, false],
  [{}, false, true, false],
])('colour with env %j, flag %s, terminal %s: %s', (env, flag, isTTY, expected) => {
  const io = fakeIo(env, isTTY);
  expect(wantsColor(io, io.stdout, flag)).toBe(expected);
});
