import { DEFAULT_OPTIONS } from '../../../lib/lab/options';
import { preflightProblem, type PreflightFacts } from '../../../lib/lab/preflight';

const GOOD: PreflightFacts = {
  platform: 'linux',
  root: true,
  apt: true,
  systemd: false,
  remoteDaemon: undefined,
  docker: { kind: 'ready', operatingSystem: 'linux', architecture: 'amd64' },
  disk: { directory: '/var/lib/docker', freeGb: 10 },
  portsInUse: {},
  lab: { gateway: 'absent', nodes: 0, networks: 0, stateVolume: false },
};

const problem = (facts: Partial<PreflightFacts>): { message?: string; next?: readonly string[] } => {
  const found = preflightProblem({ ...GOOD, ...facts }, DEFAULT_OPTIONS);
  return { message: found?.message, next: found?.next };
};

test('a machine that fits has no problem', () => {
  expect(preflightProblem(GOOD, DEFAULT_OPTIONS)).toBeUndefined();
});

describe('without Docker', () => {
  test('and without root', () => {
    const { message, next } = problem({ docker: { kind: 'missing' }, root: false });
    expect(message).toBe('docker is not installed, and installing it needs root: this user is not root');
    expect(next).toContain('sudo bin/setup --lab');
  });

  test('as root on Debian', () => {
    expect(problem({ docker: { kind: 'missing' } }).next).toEqual(['bin/setup --lab', 'npm run lab']);
  });

  test('on another Linux', () => {
    const { message, next } = problem({ docker: { kind: 'missing' }, apt: false });
    expect(message).toContain('no Debian or Ubuntu');
    expect(next![0]).toContain('install Docker Engine');
  });

  test('on macOS', () => {
    expect(problem({ docker: { kind: 'missing' }, platform: 'darwin' }).next![0]).toContain('Docker Desktop');
  });
});

describe('a daemon that cannot be reached', () => {
  const reason = 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock.';
  const docker = { kind: 'unreachable', reason } as const;

  test.each([
    [{ systemd: true, root: true }, 'systemctl start docker'],
    [{ systemd: true, root: false }, 'sudo systemctl start docker'],
    [{ root: true }, 'bin/setup --lab    # starts it in the background'],
    [{ root: true, apt: false }, 'dockerd    # in another terminal'],
    [{ platform: 'darwin' as const }, 'open -a Docker    # wait until it runs'],
  ])('%j', (facts, next) => {
    const found = problem({ docker, ...facts });
    expect(found.message).toBe(`the Docker daemon cannot be reached: ${reason}`);
    expect(found.next![0]).toBe(next);
  });

  test('because the user may not', () => {
    const denied = { kind: 'unreachable', reason: 'permission denied while trying to connect' } as const;
    expect(problem({ docker: denied, root: false }).next![0]).toContain('usermod --append --groups docker');
  });
});

describe('the wrong platform', () => {
  test('Windows', () => {
    expect(problem({ platform: 'win32' }).message).toBe('the lab runs on Linux and macOS: this is win32');
  });

  test('a daemon on another machine', () => {
    expect(problem({ remoteDaemon: 'ssh://build.example' }).message).toContain('docker talks to ssh://build.example');
  });

  test('Windows containers', () => {
    const docker = { kind: 'ready', operatingSystem: 'windows', architecture: 'amd64' } as const;
    expect(problem({ docker }).message).toContain('this one runs windows');
  });

  test('another architecture', () => {
    const docker = { kind: 'ready', operatingSystem: 'linux', architecture: 'riscv64' } as const;
    expect(problem({ docker }).message).toBe('the lab runs on amd64 and arm64: this machine is riscv64');
  });
});

test('ports in use are all named, with the flags that choose others', () => {
  const portsInUse = { port: { owner: 'nginx (process 812)' }, processorPort: { owner: 'container web' } };
  expect(problem({ portsInUse })).toEqual({
    message: 'port 4566 is in use by nginx (process 812); port 8001 is in use by container web',
    next: ['stop it, or choose another: npm run lab -- --port 14566 --processor-port 18001'],
  });
});

describe('disk', () => {
  const disk = { directory: '/var/lib/docker', freeGb: 9.94 };

  test('too little says how much, where and what is needed', () => {
    expect(problem({ disk }).message).toBe(
      'the lab needs 10 GB of free disk: /var/lib/docker, where Docker keeps its data, has 9.9 GB',
    );
  });

  test('a lab that is up has taken its space already', () => {
    expect(problem({ disk, lab: { gateway: 'running', nodes: 3, networks: 1, stateVolume: true } })).toEqual({});
  });

  test('is not judged where it cannot be seen', () => {
    expect(problem({ disk: undefined })).toEqual({});
  });
});

describe('half up', () => {
  test('nodes without the state they belong to are named, with the way out', () => {
    expect(problem({ lab: { gateway: 'stopped', nodes: 3, networks: 1, stateVolume: false } })).toEqual({
      message:
        'the lab is half up: found the gateway (stopped), 3 nodes, 1 network, ' +
        'but the volume with its state is gone, so they cannot be used again',
      next: ['npm run lab:down', 'npm run lab'],
    });
  });

  test('whatever has its state goes on', () => {
    expect(problem({ lab: { gateway: 'absent', nodes: 2, networks: 1, stateVolume: true } })).toEqual({});
    expect(problem({ lab: { gateway: 'absent', nodes: 0, networks: 0, stateVolume: true } })).toEqual({});
  });
});

test('the machine is judged before the daemon, the daemon before ports and disk', () => {
  const all = { disk: { directory: '/d', freeGb: 1 }, portsInUse: { port: { owner: 'x' } } };
  expect(problem(all).message).toContain('port 4566');
  expect(problem({ ...all, docker: { kind: 'missing' } }).message).toContain('docker is not installed');
  expect(problem({ ...all, docker: { kind: 'missing' }, platform: 'win32' }).message).toContain('win32');
});
