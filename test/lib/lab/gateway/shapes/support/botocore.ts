/** botocore's real models, where a Python of this machine has them: lint's (`npm run lint` makes it) or the system's. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

const LINT_PYTHON = path.resolve(__dirname, '../../../../../../build/lint/venv/bin/python');
const PRINT = 'import botocore, os; print(botocore.__version__); print(os.path.dirname(botocore.__file__))';

export interface Botocore {
  readonly version: string;
  readonly dataDirectory: string;
}

/** Undefined where no Python has this version of botocore, which is said on stderr: the tests that need it are then skipped. */
export function findBotocore(wantedVersion: string): Botocore | undefined {
  const tried = [...(existsSync(LINT_PYTHON) ? [LINT_PYTHON] : []), 'python3'];
  for (const python of tried) {
    try {
      const printed = execFileSync(python, ['-c', PRINT], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
      const [version, directory] = printed.trim().split('\n') as [string, string];
      if (version === wantedVersion) return { version, dataDirectory: path.join(directory, 'data') };
    } catch {
      // No such Python, or it has no botocore: the next one may.
    }
  }
  process.stderr.write(
    `SKIPPED: botocore ${wantedVersion} is not importable by ${tried.join(' or ')}; these tests need its models. ` +
      'Next: npm run lint, which installs it in build/lint/venv\n',
  );
  return undefined;
}
