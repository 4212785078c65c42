/** Sessions through Session Manager, with a plugin that a test plays as a program of its own. */
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  DescribeInstanceInformationCommand,
  SSMClient,
  StartSessionCommand,
  TerminateSessionCommand,
} from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { chooseTask, commandLine, exec, type ExecOptions } from '../../../lib/cli/commands/exec';
import { shell } from '../../../lib/cli/commands/shell';
import { chooseServices, tunnel } from '../../../lib/cli/commands/tunnel';
import { readContext } from '../../../lib/cli/context';
import type { CliError } from '../../../lib/cli/errors';
import { findPlugin, isOlder, type PluginCall, type StartPlugin } from '../../../lib/cli/session-plugin';
import { commandsEnd, documentsAre, managerTakesCommands } from './fake-commands';
import { fakeIo, LAB_ENV } from './fake-io';

const ssm = mockClient(SSMClient);
const ec2 = mockClient(EC2Client);
const folder = mkdtempSync(join(tmpdir(), 'metals-session-'));
const PATH = folder;
writeFileSync(join(folder, 'session-manager-plugin'), '#!/bin/sh\necho 1.3.0.0\n');
chmodSync(join(folder, 'session-manager-plugin'), 0o755);
afterAll(() => rmSync(folder, { recursive: true }));

let calls: PluginCall[];
/** Of each session the request. */
let requests: Record<string, unknown>[];
/** Sessions that were ended. */
let ended: string[];

beforeEach(() => {
  for (const mock of [ssm, ec2]) mock.reset();
  [calls, requests, ended] = [[], [], []];
  documentsAre(ssm, 'metals-lab-stack-status');
  managerTakesCommands(ssm);
  ssm.on(StartSessionCommand).callsFake(async (request: Record<string, unknown>) => {
    requests.push(request);
    return { SessionId: `lab-${requests.length}`, StreamUrl: 'ws://127.0.0.1:1/', TokenValue: 'the-token' };
  });
  ec2.on(DescribeInstancesCommand).resolves({
    Reservations: [
      { Instances: [{ InstanceId: 'i-1', Tags: [{ Key: 'metals:slot', Value: 'manager-1' }] }] },
      { Instances: [{ InstanceId: 'i-2', Tags: [{ Key: 'metals:slot', Value: 'worker-1' }] }] },
    ],
  });
});

const plays =
  (script: string): StartPlugin =>
  (call, stdio) => {
    calls.push(call);
    return spawn('bash', ['-c', script], { stdio: stdio === 'inherit' ? 'ignore' : stdio });
  };

/** A session of a shell, or of a command: the plugin ends where its input does. */
const playsWithInput = (script: string): StartPlugin =>
  plays(
    `exec 3<&0; { cat <&3 >/dev/null; echo 'Cannot perform start session: EOF'; kill -9 $$; } & sleep 0.2; ${script}; kill $! 2>/dev/null`,
  );

function contextOf({ interactive = false, json = false, env = {} as Record<string, string> } = {}) {
  const io = fakeIo({ ...LAB_ENV, PATH, ...env }, interactive);
  ssm.on(TerminateSessionCommand).callsFake(async ({ SessionId }: { SessionId: string }) => void ended.push(SessionId));
  const controller = new AbortController();
  const context = readContext({ json, color: true }, io, controller.signal);
  return { io, context, stop: () => controller.abort() };
}

const failing = async (work: Promise<unknown>): Promise<CliError> =>
  work.then(
    () => Promise.reject(new Error('it has not failed')),
    (error: CliError) => error,
  );

describe('the plugin', () => {
  test('is found in PATH, and told the token by its environment alone', async () => {
    const { context } = contextOf({ interactive: true });
    expect(await shell(context, { slot: 'worker-1' }, plays('exit 0'))).toBe(0);
    expect(calls[0]!.program).toBe(join(folder, 'session-manager-plugin'));
    expect(calls[0]!.args.slice(0, 4)).toEqual(['AWS_SSM_START_SESSION_RESPONSE', 'eu-west-1', 'StartSession', '']);
    expect(calls[0]!.args[5]).toBe(LAB_ENV.AWS_ENDPOINT_URL);
    expect(calls[0]!.args.join()).not.toContain('the-token');
    expect(JSON.parse(calls[0]!.env.AWS_SSM_START_SESSION_RESPONSE!)).toMatchObject({ TokenValue: 'the-token' });
  });

  test('is missing: how to get it, in the lab and on AWS', async () => {
    const { context } = contextOf({ env: { PATH: '/nowhere' } });
    const find = (isLab: boolean) => findPlugin({ ...context, isLab }, 'there is no shell', '/nowhere');
    const install = expect.stringContaining('install it: https://docs.aws.amazon.com/');
    const inLab = [expect.stringContaining('npm run lab:plugin'), install];
    await expect(find(true)).rejects.toEqual(expect.objectContaining({ code: 'no-plugin', exitCode: 1, next: inLab }));
    await expect(find(false)).rejects.toEqual(expect.objectContaining({ next: [install] }));
  });
});

test.each([
  ['1.2.498.0', false],
  ['1.2.497.0', true],
  ['1.3.0.0', false],
  ['2.0.0.0', false],
  ['1.1.999.0', true],
  ['', true],
])('a plugin of version %s: too old is %s', (version, old) => expect(isOlder(version)).toBe(old));

describe('a shell', () => {
  test('goes to the slot that is asked for, and says as whom', async () => {
    const { context, io } = contextOf({ interactive: true });
    expect(await shell(context, { slot: 'worker-1' }, plays('exit 0'))).toBe(0);
    expect(requests).toEqual([{ Target: 'i-1', Reason: 'metals shell' }]);
    expect(io.err()).toContain('worker-1 (i-1); sudo -i for root, exit to leave');
  });

  test.each([
    ['worker-01', '"worker-01" is no slot, such as worker-1'],
    ['worker-1;reboot', '"worker-1;reboot" is no slot, such as worker-1'],
    ['$(id)', '"$(id)" is no slot, such as worker-1'],
  ])('%s is refused', async (slot, why) => {
    expect(await failing(shell(contextOf({ interactive: true }).context, { slot }, plays('exit 0')))).toMatchObject({
      why,
      exitCode: 2,
    });
    expect(requests).toEqual([]);
  });

  test('a slot that there is not, and one that is away', async () => {
    ssm.on(DescribeInstanceInformationCommand).resolves({ InstanceInformationList: [] });
    expect(
      await failing(shell(contextOf({ interactive: true }).context, { slot: 'worker-7' }, plays('exit 0'))),
    ).toMatchObject({
      why: 'stage lab has no slot worker-7; did you mean worker-1? There are: manager-1, worker-1',
      exitCode: 2,
    });
    expect(
      (await failing(shell(contextOf({ interactive: true }).context, { slot: 'worker-1' }, plays('exit 0')))).why,
    ).toContain('the instance of worker-1 is not online in Systems Manager');
  });

  test('needs a terminal', async () => {
    expect(await failing(shell(contextOf().context, {}, plays('exit 0')))).toMatchObject({ exitCode: 2 });
    expect(requests).toEqual([]);
  });

  test('is ended with the plugin, and the plugin by the end of the session', async () => {
    const { context, stop } = contextOf({ interactive: true });
    const work = shell(context, {}, plays('exec sleep 60'));
    await new Promise((resolve) => setTimeout(resolve, 100));
    stop();
    // This one hears of no end, and is killed.
    expect((await failing(work)).why).toBe('the plugin ended with exit code 137');
    expect(ended).toEqual(['lab-1']);
  }, 10_000);

  test('a plugin that fails is said so; and there is no JSON of a shell', async () => {
    expect((await failing(shell(contextOf({ interactive: true }).context, {}, plays('exit 3')))).why).toBe(
      'the plugin ended with exit code 3',
    );
    expect(await failing(shell(contextOf({ json: true }).context, {}))).toMatchObject({ exitCode: 2 });
  });
});

const TASKS = [
  { service: 'producer', replica: 1, node: 'worker-1', container: '0123456789ab', since: '2026-11-29T10:00:00' },
  { service: 'producer', replica: 2, node: 'worker-2', container: 'ba9876543210', since: '2026-11-29T10:00:00' },
];
const SERVICES = [{ name: 'producer' }, { name: 'processor' }] as Parameters<typeof chooseTask>[0]['services'];

describe('a command in a task', () => {
  test('runs in the first, or in the one on a node', () => {
    expect(chooseTask({ tasks: TASKS, services: SERVICES }, 'producer').container).toBe('0123456789ab');
    expect(chooseTask({ tasks: TASKS, services: SERVICES }, 'producer', 'worker-2').container).toBe('ba9876543210');
  });

  test.each([
    ['producre', undefined, 'there is no service producre; did you mean producer? There are: producer, processor'],
    ['processor', undefined, 'no task of processor runs'],
    ['producer', 'manager-1', 'no task of producer runs on manager-1; it runs on worker-1, worker-2'],
  ])('%s on %s is refused', (service, node, why) => {
    expect(() => chooseTask({ tasks: TASKS, services: SERVICES }, service, node)).toThrow(
      expect.objectContaining({ why }),
    );
  });

  test('each word is one word there', () => {
    expect(commandLine('0123456789ab', ['sh', '-c', 'echo "$HOME"; ls | wc'])).toBe(
      `sudo docker exec -it 0123456789ab sh -c 'echo "$HOME"; ls | wc'`,
    );
    expect(commandLine('0123456789ab', ["it's"], 'MARK')).toBe(
      `stty -opost; sudo docker exec 0123456789ab 'it'\\''s' </dev/null; printf '\\n%s %s\\n' MARK $?`,
    );
  });

  async function run(script: string, options: Partial<ExecOptions> = {}) {
    const status = {
      ...{ stage: 'lab', nodes: [], networks: [], overlay_encryption: 'off', generated_at: 'now', tasks: TASKS },
      services: [
        {
          ...{ name: 'producer', mode: 'replicated', image: 'i', desired: 2, running: 2, healthy: 2 },
          ...{ update_state: null, problems: [] },
        },
      ],
    };
    commandsEnd(ssm, 'Success', JSON.stringify(status));
    const { context, io } = contextOf();
    const play: StartPlugin = (call, stdio) => {
      const [, mark] = /' ([0-9a-f-]{36}) \$\?/.exec((requests[0]!.Parameters as any).command[0]) ?? [];
      return playsWithInput(script.replaceAll('MARK', mark!))(call, stdio);
    };
    const work = exec(context, { service: 'producer', command: ['ls'], ...options }, play);
    return work.then(
      (code) => ({ code, error: undefined, out: io.out(), err: io.err() }),
      (error: CliError) => ({ code: undefined, error, out: io.out(), err: io.err() }),
    );
  }
  const BEGIN = `printf '\\nStarting session with SessionId: lab-1\\n'`;
  const END = `printf '\\n\\nExiting session with sessionId: lab-1.\\n\\n'`;

  test('its lines come without those of the plugin, and its exit code is passed on', async () => {
    const { code, out, err } = await run(`${BEGIN}; printf 'one\\n\\ntwo\\n\\nMARK 3\\n'; ${END}`);
    expect([code, out]).toEqual([3, 'one\n\ntwo\n']);
    expect(err).toContain('producer on worker-1, container 0123456789ab');
    expect(requests[0]).toMatchObject({ Target: 'i-1', DocumentName: 'AWS-StartInteractiveCommand' });
  });

  test('a last line without an end is a line, and nothing at all is nothing', async () => {
    expect(await run(`${BEGIN}; printf 'one\\nMARK 0\\n'; ${END}`)).toMatchObject({ code: 0, out: 'one\n' });
    requests.length = 0;
    expect(await run(`${BEGIN}; printf '\\nMARK 0\\n'; ${END}`)).toMatchObject({ code: 0, out: '' });
  });

  test('a session that ends before the command is no success', async () => {
    const { error, out } = await run(`${BEGIN}; printf 'one\\ntwo\\n'; ${END}`);
    expect(error?.why).toBe('the session ended before the command did: Exiting session with sessionId: lab-1.');
    expect(out.trimEnd()).toBe('one\ntwo');
    expect(ended).toEqual(['lab-1']);
  });
});

describe('a tunnel', () => {
  test.each([
    ['kafka', 'kafka has no port on any node', './bin/metals exec kafka -- COMMAND    # runs something in it'],
    ['producre', 'there is no service producre; did you mean producer?', './bin/metals tunnel producer processor'],
  ])('to %s is refused', (name, why, next) => {
    expect(() => chooseServices([name])).toThrow(
      expect.objectContaining({ why, next: expect.arrayContaining([next]) }),
    );
  });

  test('there is one to each service, once', () => {
    expect(chooseServices([])).toEqual(['producer', 'processor']);
    expect(chooseServices(['processor', 'processor'])).toEqual(['processor']);
  });

  const OPEN = `printf 'Port opened\\nWaiting for connections...\\n'`;
  const until = async (what: () => boolean): Promise<void> => {
    for (let tries = 0; !what(); tries += 1) {
      if (tries > 300) throw new Error('it did not come');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const TIMES = { askEveryMs: 50, pauseMs: 10 };

  test('whose node does not answer any more goes on through another one, at the same address, until Ctrl-C', async () => {
    ssm.on(DescribeInstanceInformationCommand).resolves({
      InstanceInformationList: ['i-1', 'i-2'].map((InstanceId) => ({ InstanceId, PingStatus: 'Online' })),
    });
    const { context, io, stop } = contextOf();
    const work = tunnel(context, { services: ['producer'] }, plays(`${OPEN}; exec sleep 60`), TIMES);
    await until(() => requests.length >= 2);
    stop();
    expect(await work).toBe(130);
    expect(requests.slice(0, 2).map(({ Target }) => Target)).toEqual(['i-1', 'i-2']);
    const ports = requests.map(({ Parameters }) => JSON.stringify(Parameters));
    expect(new Set(ports).size).toBe(1);
    expect(io.out()).toMatch(
      /^producer {2}http:\/\/127\.0\.0\.1:\d+\/health {2}POST http:\/\/127\.0\.0\.1:\d+\/produce$/m,
    );
    expect(io.err()).toContain('producer: i-1 does not answer any more; through another node in');
    expect(new Set(ended).size).toBe(requests.length);
  });

  test('goes through the next instance where the first has just gone', async () => {
    ssm.on(DescribeInstanceInformationCommand).resolves({
      InstanceInformationList: ['i-1', 'i-2'].map((InstanceId) => ({ InstanceId, PingStatus: 'Online' })),
    });
    ssm.on(StartSessionCommand, { Target: 'i-1' }).callsFake(async () => {
      throw Object.assign(new Error('i-1 is not connected.'), { name: 'TargetNotConnected' });
    });
    const { context, io, stop } = contextOf();
    const work = tunnel(context, { services: ['producer'] }, plays(`${OPEN}; exec sleep 60`), TIMES);
    await until(() => io.out() !== '');
    stop();
    expect(await work).toBe(130);
    expect(io.err()).toContain('i-1 is not connected.; through another node');
    expect(io.err()).toContain('producer: through i-2');
  });

  test('whose plugin says why it cannot be made fails with that', async () => {
    const script = `echo 'Cannot perform start session: listen tcp 127.0.0.1:18000: bind: address already in use'`;
    const error = await failing(tunnel(contextOf().context, { services: ['producer'] }, plays(script), TIMES));
    expect(error.why).toContain('address already in use');
  });

  test('whose service answers stays, whatever it answers', async () => {
    const server = http.createServer((_, response) => response.writeHead(503).end());
    const { context, io, stop } = contextOf();
    // The port is free when the tunnel looks for one, and the plugin takes it.
    const play: StartPlugin = (call, stdio) => {
      const { localPortNumber } = (requests[0]!.Parameters ?? {}) as { localPortNumber: string[] };
      server.listen(Number(localPortNumber[0]), '127.0.0.1');
      return plays(`${OPEN}; exec sleep 60`)(call, stdio);
    };
    const work = tunnel(context, { services: ['processor'] }, play, TIMES);
    await until(() => io.out() !== '');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect((server.address() as AddressInfo).port).toBeGreaterThan(0);
    expect(requests).toHaveLength(1);
    stop();
    expect(await work).toBe(130);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  test('that cannot be made at all fails, and ends the others', async () => {
    ssm.on(DescribeInstanceInformationCommand).resolves({ InstanceInformationList: [] });
    const error = await failing(tunnel(contextOf().context, { services: [] }, plays('exec sleep 60'), TIMES));
    expect(error.why).toBe('no instance of stage lab is online in Systems Manager');
  });

  test('has no JSON', async () => {
    expect(await failing(tunnel(contextOf({ json: true }).context, { services: [] }))).toMatchObject({ exitCode: 2 });
  });
});
