import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { build } from 'esbuild';
import { copyIamData, readIamDataBesideBundle } from '../../../../../lib/lab/gateway/authorization/bundle-data';

const REPOSITORY = path.resolve(__dirname, '../../../../..');
const PROGRAM = `
  import { decide } from './lib/lab/gateway/authorization/simulate';
  const resource = 'arn:aws:ssm:eu-west-1:000000000000:parameter/a';
  const policy = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'ssm:GetParameter', Resource: resource }] };
  const request = { principal: 'arn:aws:sts::000000000000:assumed-role/r/s', action: 'ssm:GetParameter', resource, context: {} };
  void decide(request, [{ name: 'p', policy }]).then(console.log);
`;

it('a bundle decides with the data beside it, wherever it lies', async () => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'iam-bundle-'));
  try {
    await build({
      ...{ bundle: true, platform: 'node', target: 'node20', format: 'cjs', logLevel: 'error' },
      stdin: { contents: PROGRAM, resolveDir: REPOSITORY, loader: 'ts' },
      outfile: path.join(directory, 'program.js'),
      plugins: [readIamDataBesideBundle],
    });
    copyIamData(directory);
    expect(execFileSync('node', ['program.js'], { cwd: directory, encoding: 'utf8' })).toBe('allowed\n');
    fs.rmSync(path.join(directory, 'iam-data'), { recursive: true });
    expect(() => execFileSync('node', ['program.js'], { cwd: directory, stdio: 'pipe' })).toThrow('ENOENT');
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
});
