import { probeLoopDevices, releaseLoopDevices } from '../../../lib/lab/loop-devices';
import { tryRun } from '../../../lib/lab/process';

jest.mock('../../../lib/lab/process', () => ({
  ...jest.requireActual<object>('../../../lib/lab/process'),
  tryRun: jest.fn(),
}));

/** The programs that ran, answered by what their arguments contain; anything else succeeds without output. */
function programs(answers: readonly { when: string; exitCode?: number; stdout?: string; stderr?: string }[]): string[] {
  const ran: string[] = [];
  const left = [...answers];
  jest.mocked(tryRun).mockImplementation(async (program, args) => {
    const call = [program, ...args].join(' ');
    ran.push(call);
    const at = left.findIndex(({ when }) => call.includes(when));
    const [answer] = at < 0 ? [] : left.splice(at, 1);
    return { exitCode: 0, stdout: '', stderr: '', ...answer };
  });
  return ran;
}

function progress() {
  const reports: string[] = [];
  const { signal } = new AbortController();
  return { reports, progress: { report: (line: string) => void reports.push(line), signal } };
}

describe('the probe', () => {
  it('finds loop devices, and leaves no Docker volume behind', async () => {
    const ran = programs([]);
    const { reports, progress: quiet } = progress();
    expect(await probeLoopDevices('node:1', quiet)).toBe('loop');
    expect(reports).toEqual(['volumes: loop devices']);
    expect(ran.at(-1)).toBe('docker volume rm metals-lab-probe');
  });

  it.each([
    ['forbidden', 'mknod: /dev/loop-control: Operation not permitted'],
    ['exhausted', 'disk: error: no loop device is free: losetup --find failed'],
  ])('announces the stand-in where they are %s, with the last line of the reason', async (_, stderr) => {
    const ran = programs([{ when: 'run --rm', exitCode: 1, stderr: `docker: a warning\n${stderr}\n` }]);
    const { reports, progress: quiet } = progress();
    expect(await probeLoopDevices('node:1', quiet)).toBe('docker');
    expect(reports).toEqual([
      'stand-in: volumes are Docker volumes mounted from the start, because this machine gives no loop device ' +
        `(${stderr}): user data attaches, formats and grows nothing here`,
    ]);
    expect(ran.at(-1)).toBe('docker volume rm metals-lab-probe');
  });
});

describe('devices that a killed lab has left', () => {
  const LEFT = '3 metals-lab-vol-0a.img\n4 metals-lab-vol-0b.img\n';

  it('are given back and counted', async () => {
    programs([{ when: 'disk list', stdout: LEFT }]);
    const { reports, progress: quiet } = progress();
    expect(await releaseLoopDevices(quiet)).toBe(2);
    expect(reports).toEqual([]);
  });

  it('nothing is released where there are none', async () => {
    const ran = programs([]);
    expect(await releaseLoopDevices(progress().progress)).toBe(0);
    expect(ran).toEqual([expect.stringMatching(/disk list metals-lab-vol-$/)]);
  });

  it('that stay are reported with the reason', async () => {
    programs([
      { when: 'disk list', stdout: LEFT },
      {
        when: 'disk release',
        exitCode: 3,
        stderr: 'disk: /dev/loop4, which holds metals-lab-vol-0b.img, is still in use',
      },
      { when: 'disk list', stdout: '4 metals-lab-vol-0b.img\n' },
    ]);
    const { reports, progress: quiet } = progress();
    expect(await releaseLoopDevices(quiet)).toBe(1);
    expect(reports).toEqual([
      '1 loop devices stay: disk: /dev/loop4, which holds metals-lab-vol-0b.img, is still in use (removing them needs root)',
    ]);
  });
});
