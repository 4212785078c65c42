import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Ministack, ministackEnvironment, readEmulatedTypes } from '../../../../../lib/lab/gateway/ministack/ministack';
import { readSettings } from '../../../../../lib/lab/gateway/settings';
import { residentMegabytes } from '../../../../../lib/lab/gateway/gateway-status';
import { Upstream } from '../../../../../lib/lab/gateway/ministack/upstream';
import { FakeMinistack } from '../support/fake-ministack';

const SECRET = 'a secret of this lab';
const settings = (environment: Record<string, string> = {}) =>
  readSettings({ LAB_SECRET_FILE: '/secret', ...environment }, () => SECRET);

describe('the environment of ministack', () => {
  const environment = ministackEnvironment(settings(), { PATH: '/bin', LAB_SECRET_FILE: '/secret', TOKEN: 'x' });

  it('sends Lambdas to the gateway, keeps state, and listens on loopback alone', () => {
    expect(environment).toMatchObject({
      AWS_ENDPOINT_URL: 'http://127.0.0.1:4568',
      BIND_HOST: '127.0.0.1',
      PERSIST_STATE: '1',
      MINISTACK_REGION: 'eu-west-1',
    });
  });

  it('hands the seed on, by which CloudFormation orders resources', () => {
    expect(ministackEnvironment(settings(), { LAB_SEED: '7' })).toMatchObject({ LAB_SEED: '7' });
    expect(environment).not.toHaveProperty('LAB_SEED');
  });

  it('holds neither the secret nor anything else that was not asked for', () => {
    expect(JSON.stringify(environment)).not.toContain(SECRET);
    expect(environment).not.toHaveProperty('TOKEN');
    expect(environment).not.toHaveProperty('LAB_SECRET_FILE');
    expect(environment.PATH).toBe('/bin');
  });
});

describe('a ministack that cannot run', () => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'ministack-'));
  afterAll(() => fs.rmSync(directory, { recursive: true }));
  const start = (command: string) => {
    const given = settings({ LAB_MINISTACK_COMMAND: command, LAB_STATE_DIRECTORY: directory, LAB_UPSTREAM_PORT: '1' });
    return new Ministack(
      given,
      new Upstream(1),
      () => undefined,
      () => undefined,
    ).start();
  };

  it('is reported at once, with the reason', async () => {
    await expect(start('/nonexistent/ministack')).rejects.toThrow('cannot start /nonexistent/ministack: spawn');
    await expect(start('false')).rejects.toThrow('ministack ended with exit code 1');
  });

  it('cannot be asked for its types', async () => {
    await expect(readEmulatedTypes('false')).rejects.toThrow('Command failed');
  });
});

describe('a ministack that is stopped', () => {
  let directory: string;
  let fake: FakeMinistack;
  const logged: string[] = [];
  beforeEach(async () => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), 'ministack-'));
    fake = await new FakeMinistack().start();
    logged.length = 0;
  });
  afterEach(async () => {
    await fake.stop();
    fs.rmSync(directory, { recursive: true });
  });

  /** Starts a program in ministack's place, and stops it as soon as it runs. */
  async function startAndStop(onSigterm: string): Promise<void> {
    const command = path.join(directory, 'ministack.js');
    const program = `#!${process.execPath}
      const fs = require('node:fs');
      process.on('SIGTERM', () => { fs.writeFileSync(process.env.STATE_DIR + '/ec2.json', '{}'); ${onSigterm} });
      setInterval(() => {}, 1000);
      fs.writeFileSync(${JSON.stringify(path.join(directory, 'ready'))}, '');`;
    fs.writeFileSync(command, program, { mode: 0o700 });
    fake.answer = () => ({ status: fs.existsSync(path.join(directory, 'ready')) ? 200 : 503 });
    const given = settings({ LAB_MINISTACK_COMMAND: command, LAB_STATE_DIRECTORY: path.join(directory, 'state') });
    const ministack = new Ministack(
      given,
      fake.upstream,
      (_, text) => void logged.push(text),
      (reason) => void logged.push(`died: ${reason}`),
    );
    await ministack.start();
    await ministack.stop();
  }

  it('ends by itself, and that is no death', async () => {
    await startAndStop('process.exit(0)');
    expect(logged).toEqual([]);
  });

  it('is killed once its state is saved, when a deployment would keep it', async () => {
    await startAndStop('');
    expect(logged).toEqual(['is killed while a deployment runs: its state is saved']);
  }, 60_000);
});

describe('residentMegabytes', () => {
  it('reads the kernel’s figure', () => {
    expect(residentMegabytes('Name:\tx\nVmRSS:\t  204800 kB\n')).toBe(200);
    expect(residentMegabytes('Name:\tx\n')).toBeNull();
  });
});
