import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { renderUserData } from '../../../lib/constructs/user-data';

const SETTINGS = { METALS_STAGE: 'test', METALS_SLOT: 'worker-1' };

/** EC2's limit, before the text is encoded. */
const LIMIT_BYTES = 16 * 1024;
/** Settings of a real slot are longer than those above. */
const SETTINGS_BYTES = 1024;

const packedPart = (text: string): string => /gunzip\n([^]*?)METALS_EOF/.exec(text)![1]!;

describe('renderUserData', () => {
  const text = renderUserData(SETTINGS);
  let folder: string;
  beforeAll(() => void (folder = mkdtempSync(path.join(tmpdir(), 'user-data-'))));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('stays within the 16 KB that EC2 takes', () => {
    expect(Buffer.byteLength(text)).toBeLessThan(LIMIT_BYTES - SETTINGS_BYTES);
  });

  it('is the same on every machine: other user data replaces every node', () => {
    expect(createHash('sha256').update(packedPart(text)).digest('hex')).toBe(
      createHash('sha256')
        .update(packedPart(renderUserData({ METALS_SLOT: 'worker-2' })))
        .digest('hex'),
    );
    // The operating system of gzip's header, which Node's own library takes from the machine: here it says Unix.
    expect(Buffer.from(packedPart(text), 'base64').subarray(0, 10).toString('hex')).toBe('1f8b0800000000000203');
  });

  it('writes settings, programs and units to disk, as they are in the repository but for comments', () => {
    const program = path.join(folder, 'user-data');
    // Under another root, where the boot is over at once.
    const [writes] = /^write\(\) \{[^]*?^\}/m.exec(text)!;
    writeFileSync(program, text.replace(writes, writes.replaceAll('$1', `${folder}$1`)));
    const programs = path.join(folder, 'programs');
    mkdirSync(programs);
    writeFileSync(path.join(programs, 'systemctl'), '#!/bin/bash\necho active\n', { mode: 0o755 });
    execFileSync('bash', [program], { env: { PATH: `${programs}:${process.env.PATH}` } });
    expect(readFileSync(path.join(folder, 'etc/metals/node.env'), 'utf8')).toBe(
      'METALS_STAGE=test\nMETALS_SLOT=worker-1\n',
    );
    const boot = path.join(folder, 'usr/local/lib/metals/boot.sh');
    expect(statSync(boot).mode & 0o777).toBe(0o755);
    const code = (file: string) =>
      readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => !/^\s*#(?!!)/.test(line));
    expect(code(boot)).toEqual(code(path.join(__dirname, '../../../assets/host/boot.sh')));
    expect(readFileSync(path.join(folder, 'etc/systemd/system/metals-boot.service'), 'utf8')).toContain(
      'ExecStart=/usr/local/lib/metals/boot.sh\n',
    );
  });
});
