import type { GlobalOptions } from '../../../lib/cli/context';
import { readContext } from '../../../lib/cli/context';
import { describeRemoved } from '../../../lib/cli/commands/lab-down';
import { describeLab } from '../../../lib/cli/commands/lab-status';
import { checkPlace, checkSettings, parsePorts, parseTiming } from '../../../lib/cli/commands/lab-up';
import { runCli } from '../../../lib/cli/program';
import { LabError } from '../../../lib/lab/lab-error';
import type { LabStatus } from '../../../lib/lab/status';
import type { UpStep } from '../../../lib/lab/up';
import { fakeIo, notInterrupted } from './fake-io';
import { parseBySchema } from './schemas';

const steps: UpStep[] = [];
let status: LabStatus;
jest.mock('../../../lib/lab/up', () => ({ upSteps: () => steps }));
jest.mock('../../../lib/lab/status', () => ({ labStatus: () => Promise.resolve(status) }));

const DOWN: LabStatus = {
  state: 'down',
  reason: '',
  endpoint: undefined,
  nodes: [],
  urls: undefined,
  standIns: [],
  enforced: [],
  notEnforced: [],
  next: ['npm run lab'],
};
const UP: LabStatus = {
  state: 'up',
  reason: '',
  endpoint: 'http://127.0.0.1:4566',
  nodes: [{ instanceId: 'i-1', slot: 'manager-1', address: '10.40.0.10', state: 'running' }],
  urls: { producer: 'http://127.0.0.1:8000', processor: 'http://127.0.0.1:8001' },
  standIns: [{ of: 'image mongodb', is: 'FerretDB' }],
  enforced: ['memory 4096 MiB'],
  notEnforced: ['CPU credits of t3'],
  next: ['npm run lab:down'],
};

beforeEach(() => {
  steps.length = 0;
  status = DOWN;
});

async function metals(line: string) {
  const io = fakeIo();
  const code = await runCli(line.split(' '), io, notInterrupted());
  return { code, out: io.out(), err: io.err() };
}

describe('lab up', () => {
  test('a step that fails ends it, with what to do next', async () => {
    const ran: string[] = [];
    steps.push(
      { title: 'check this machine', run: ({ report }) => Promise.resolve(report('Docker answers')) },
      { title: 'base images', run: () => Promise.reject(new LabError('less than 10 GB', ['docker system df'])) },
      { title: 'never', run: () => Promise.resolve(void ran.push('never')) },
    );
    const { code, out, err } = await metals('lab up');
    expect(code).toBe(1);
    expect(out).toBe('');
    expect(err.split('\n')).toEqual([
      '[1/4] check this machine …',
      '  Docker answers',
      expect.stringMatching(/^✔ \[1\/4\] check this machine: done \(/),
      '[2/4] base images …',
      expect.stringMatching(/^✖ \[2\/4\] base images: failed after /),
      'error: the lab was not brought up [failed]',
      'why:   less than 10 GB',
      'next:  docker system df',
      '',
    ]);
    expect(ran).toEqual([]);
  });

  test('Ctrl-C stops the step and says what is left', async () => {
    const controller = new AbortController();
    steps.push({
      title: 'base images',
      run: ({ signal }) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted')))),
    });
    const io = fakeIo();
    const running = runCli(['lab', 'up'], io, { signal: controller.signal, exitCode: () => 130 });
    await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    expect(await running).toBe(130);
    expect(io.err()).toContain('the lab is half up: it stopped at "base images"\n  go on:     npm run lab');
  });

  test.each([
    [{ port: '80' }, '--port: got "80", expected a port from 1024 to 65535'],
    [{ producerPort: 'http' }, '--producer-port: got "http", expected a port from 1024 to 65535'],
    [{ port: '8000' }, 'the ports must differ, got --port 8000, --producer-port 8000, --processor-port 8001'],
  ])('ports %j are refused', (flags, why) => {
    expect(() => parsePorts(flags)).toThrow(expect.objectContaining({ why, exitCode: 2 }));
  });

  test.each([
    ['foo', '--context: got "foo", expected key=value'],
    ['=1', '--context: got "=1", expected key=value'],
    ['workers=0', expect.stringMatching(/ {2}- workers: got "0", expected /)],
    ['kafkaMod=kraft', expect.stringContaining('kafkaMod: unknown key; did you mean "kafkaMode"?')],
  ])('the setting %s is refused before anything is started', async (setting, why) => {
    steps.push({ title: 'must not run', run: () => Promise.reject(new Error('it ran')) });
    expect(() => checkSettings([setting])).toThrow(expect.objectContaining({ why, exitCode: 2 }));
    const { code, err } = await metals(`lab up --context ${setting}`);
    expect({ code, ran: err.includes('must not run') }).toEqual({ code: 2, ran: false });
  });

  test('settings of the lab are taken', () => {
    expect(() => checkSettings(['workers=3', 'kafkaMode=zookeeper', 'fault=producer-unhealthy'])).not.toThrow();
  });

  test.each([
    ['fast', undefined, '--profile: got "fast", expected one of default, aws: which times the lab takes'],
    [undefined, '-1', '--seed: got "-1", expected a whole number from 0 to 4294967295'],
    ['aws', '4294967296', '--seed: got "4294967296", expected a whole number from 0 to 4294967295'],
    [undefined, '0x10', '--seed: got "0x10", expected a whole number from 0 to 4294967295'],
  ])('the profile %s and the seed %s are refused', (profile, seed, why) => {
    expect(() => parseTiming(profile, seed)).toThrow(expect.objectContaining({ why, exitCode: 2 }));
  });

  test.each([
    [{ stage: 'demo' }, '--stage: got "demo", but the lab is brought up as stage "lab"'],
    [{ region: 'eu-west-3' }, '--region: got "eu-west-3", but the lab is brought up as eu-west-1'],
  ])('another place is refused: %j', (given, why) => {
    expect(() => checkPlace(given)).toThrow(expect.objectContaining({ why, exitCode: 2 }));
  });

  test('its own stage and region may be named', () => {
    expect(() => checkPlace({ stage: 'lab', region: 'eu-west-1' })).not.toThrow();
  });

  test('another stage is refused before anything is started', async () => {
    steps.push({ title: 'must not run', run: () => Promise.reject(new Error('it ran')) });
    const { code, err } = await metals('--stage demo lab up');
    expect({ code, ran: err.includes('must not run') }).toEqual({ code: 2, ran: false });
    expect(err).toContain('next:  . .lab/env && ./bin/metals --stage demo deploy    # another');
  });

  test('an unknown profile is refused before anything is started', async () => {
    steps.push({ title: 'must not run', run: () => Promise.reject(new Error('it ran')) });
    const { code, err } = await metals('lab up --profile fast');
    expect({ code, ran: err.includes('must not run') }).toEqual({ code: 2, ran: false });
  });

  test('times have defaults', () => {
    expect(parseTiming(undefined, undefined)).toEqual({ profile: 'default', seed: 1 });
    expect(parseTiming('aws', '42')).toEqual({ profile: 'aws', seed: 42 });
  });

  test('ports have defaults', () => {
    expect(parsePorts({ port: '14566' })).toEqual({ port: 14566, producerPort: 8000, processorPort: 8001 });
  });
});

describe('lab status', () => {
  test('down is exit code 3 and says what to type', async () => {
    expect(await metals('lab status')).toEqual({
      code: 3,
      out: 'the lab is down\nnext\n  npm run lab\n',
      err: '',
    });
  });

  test('up tells nodes, stand-ins, limits and URLs', async () => {
    status = UP;
    const { code, out } = await metals('lab status');
    expect(code).toBe(0);
    expect(out).toContain('the lab is up, AWS is answered at http://127.0.0.1:4566');
    expect(out).toMatch(/node +manager-1 +running +10\.40\.0\.10 +i-1/);
    expect(describeLab(UP, {})).toEqual([
      '',
      'stand-ins',
      '  image mongodb: FerretDB',
      '',
      'enforced on each node',
      '  memory 4096 MiB',
      '',
      'not enforced on the nodes',
      '  CPU credits of t3',
      '',
      'URLs',
      '  producer   http://127.0.0.1:8000/health   POST http://127.0.0.1:8000/produce',
      '  processor  http://127.0.0.1:8001/health',
      '',
      'next',
      '  npm run lab:down',
    ]);
  });

  test('--json is the status itself', async () => {
    status = UP;
    expect(parseBySchema('lab status', (await metals('lab status --json')).out)).toEqual(UP);
  });
});

test.each([
  [
    { containers: 4, networks: 1, volumes: 0, loopDevices: 3, images: 0 },
    'removed 4 containers, 1 network, 3 loop devices',
  ],
  [{ containers: 0, networks: 0, volumes: 0, loopDevices: 0, images: 0 }, 'nothing was left to remove'],
])('%j is told as "%s"', (removed, text) => expect(describeRemoved(removed)).toBe(text));

test('lab commands need no credentials and no region', () => {
  const options: GlobalOptions = { color: true };
  expect(readContext(options, fakeIo(), new AbortController().signal)).toMatchObject({
    isLab: false,
    region: undefined,
  });
});
