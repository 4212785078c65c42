import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** A new empty folder, gone when the tests of the file that asked for it are through. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'metals-test-'));
  folders.push(folder);
  return folder;
}
