import { spawn, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { releaseLab, takeLab } from '../../../lib/lab/lock';

let file: string;
beforeEach(() => {
  file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'lock-')), 'lab.lock');
});
afterEach(() => fs.rmSync(path.dirname(file), { recursive: true }));

it('names the process that is changing the lab', () => {
  const other = spawn('sleep', ['60']);
  try {
    fs.writeFileSync(file, JSON.stringify({ pid: other.pid, directory: '/somewhere' }));
    expect(() => takeLab(file)).toThrow(`process ${other.pid}, started in /somewhere, is changing the lab`);
  } finally {
    other.kill();
  }
});

it.each([
  ['of a process that has ended', () => JSON.stringify({ pid: spawnSync('true').pid, directory: '/' })],
  ['that was cut short', () => '{"pi'],
])('takes over a lock %s', (_, content) => {
  fs.writeFileSync(file, content());
  takeLab(file);
  expect(JSON.parse(fs.readFileSync(file, 'utf8')).pid).toBe(process.pid);
});

it('may be taken again by the process that has it, and is gone once released', () => {
  takeLab(file);
  takeLab(file);
  releaseLab(file);
  expect(fs.existsSync(file)).toBe(false);
});
