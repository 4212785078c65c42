import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { renderUserData } from '../../../lib/constructs/user-data';

const SETTINGS = { METALS_STAGE: 'test', METALS_SLOT: 'worker-1' };

/** EC2's limit, before the text is encoded. */
const LIMIT_BYTES = 16 * 1024;
/** Settings of a real slot are longer than those above. */
const SETTINGS_BYTES = 1024;

describe('renderUserData', () => {
  const text = renderUserData(SETTINGS);
  let folder: string;
  beforeAll(() => void (folder = mkdtempSync(path.join(tmpdir(), 'user-data-'))));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('stays within the 16 KB that EC2 takes', () => {
    expect(Buffer.byteLength(text)).toBeLessThan(LIMIT_BYTES - SETTINGS_BYTES);
  });

  it('writes settings, programs and units to disk, as they are in the repository but for comments', () => {
    const program = path.join(folder, 'user-data');
    // Only the part that writes, under another root.
    const writing = text.slice(0, text.indexOf('METALS_BOOT_TIMEOUT_SECONDS'));
    const elsewhere = writing.replace(/^write \//gm, `write ${folder}/`);
    writeFileSync(program, elsewhere);
    execFileSync('bash', [program]);
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
