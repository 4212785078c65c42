import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Recording, type RecordedCall } from '../../../../../lib/lab/gateway/authorization/recording';

const call = (action: string): RecordedCall => ({
  roleName: 'role',
  principal: 'arn:aws:sts::000000000000:assumed-role/role/i-1',
  action,
  resource: '*',
  context: {},
  decision: 'allowed',
});

describe('the recording of judged calls', () => {
  let directory: string;
  let file: string;
  beforeEach(() => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), 'recording-'));
    file = path.join(directory, 'iam-calls.jsonl');
  });
  afterEach(() => fs.rmSync(directory, { recursive: true }));

  it('has every distinct call once, over a restart too', () => {
    const first = new Recording(directory);
    for (const action of ['ssm:A', 'ssm:B', 'ssm:A']) first.add(call(action));
    const second = new Recording(directory);
    for (const action of ['ssm:B', 'ssm:C']) second.add(call(action));
    expect(second.calls.map(({ action }) => action)).toEqual(['ssm:A', 'ssm:B', 'ssm:C']);
    const lines = fs.readFileSync(file, 'utf8').split('\n');
    expect(lines.map((line) => (line ? JSON.parse(line).action : line))).toEqual(['ssm:A', 'ssm:B', 'ssm:C', '']);
  });

  it('goes on after a line that a kill has cut', () => {
    new Recording(directory).add(call('ssm:Ä'));
    fs.appendFileSync(file, '{"roleName":"ro');
    const next = new Recording(directory);
    next.add(call('ssm:B'));
    expect(new Recording(directory).calls.map(({ action }) => action)).toEqual(['ssm:Ä', 'ssm:B']);
  });
});
