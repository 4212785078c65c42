import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { REPOSITORY } from '../../lib/repository';
import {
  CDK_DEPLOY,
  type Defect,
  type LabDefect,
  occurrences,
  parseDefects,
  plant,
  readDefects,
  selectDefects,
} from './support/defects';
import { baselineProblem, jestResults, judge, tapResults } from './support/judge';
import { BEGIN, END, readTable, renderTable, replaceTable, rowsOf, saidIn } from './support/table';

const defects = readDefects();
const read = (file: string): string => readFileSync(path.join(REPOSITORY, file), 'utf8');

describe('the defects of the product', () => {
  test.each(defects.map((defect) => [`${defect.id} (${defect.level})`, defect] as const))(
    '%s fits today’s product and its tests',
    (_, defect) => {
      expect([defect.line, occurrences(read(defect.file), defect)]).toEqual([defect.line, 1]);
      const found = defect.test === CDK_DEPLOY || existsSync(path.join(REPOSITORY, defect.test));
      expect([defect.test, found]).toEqual([defect.test, true]);
    },
  );

  test('are at least 30', () => expect(defects.length).toBeGreaterThanOrEqual(30));

  test('stand in docs/lab.md, each with what was said', () => {
    const rows = readTable();
    const said = saidIn([], [], rows);
    expect(rows).toEqual(rowsOf(defects, said));
    for (const defect of defects) expect(said(defect)).toMatch(new RegExp(defect.says, 'm'));
  });
});

const defect: Defect = {
  id: 'some-defect',
  title: 'Some defect',
  file: 'x.sh',
  line: 'echo one',
  becomes: 'echo two',
  level: 'bats',
  test: 'test/x.bats',
  name: 'says one',
  says: 'expected one, got two',
};
const yaml = (change: Partial<Defect> = {}): string => JSON.stringify([{ ...defect, ...change }]);

describe('a defect', () => {
  test.each([
    [yaml({ becomes: 'echo one' }), 'the replacement changes nothing'],
    [yaml({ says: '.*' }), 'says matches every text'],
    [yaml({ line: 'echo one\necho two' }), 'must be one trimmed line'],
    [yaml({ test: 'test/x.ts' }), 'test'],
    [JSON.stringify([defect, defect]), 'the id of a defect stands once: some-defect'],
  ])('is refused: %s', (text, message) => expect(() => parseDefects(text)).toThrow(message));

  test('keeps the indentation of its line, and takes an empty one away', () => {
    expect(plant('a\n  echo one\nb', defect)).toBe('a\n  echo two\nb');
    expect(plant('a\n  echo one\nb', { ...defect, becomes: '' })).toBe('a\nb');
  });

  test('puts what looks like a reference in as it is', () => {
    expect(plant('echo one', { ...defect, becomes: "echo $& $' $1" })).toBe("echo $& $' $1");
  });

  test.each(['echo', 'echo one\necho one', 'echo one two'])('is stale in %j', (text) => {
    expect(() => plant(text, defect)).toThrow(
      /^some-defect is stale: the line stands [02] times in x\.sh, expected once/,
    );
  });
});

describe('the choice', () => {
  const other = { ...defect, id: 'other-defect', level: 'unit' as const };
  const inLab = { ...defect, level: 'lab' as const };

  test('is everything but the lab, a level, or what is named', () => {
    expect(selectDefects([defect, other, inLab], {})).toEqual([defect, other]);
    expect(selectDefects([defect, other, inLab], { only: ['some-defect'] })).toEqual([defect]);
    expect(selectDefects([defect, other, inLab], { levels: ['lab'] })).toEqual([inLab]);
    expect(selectDefects([defect, other], { levels: ['unit'] })).toEqual([other]);
    expect(selectDefects([defect, other], { only: ['some-defect'] })).toEqual([defect]);
    expect(selectDefects([defect, other], { levels: ['unit', 'bats'], only: ['other-defect'] })).toEqual([other]);
  });

  test.each([
    [{ levels: ['bat'] }, 'unknown level: bat; known: synth, unit, bats, lab'],
    [{ only: ['none', 'some-defect'] }, 'unknown defect: none; known: some-defect, other-defect'],
    [{ levels: ['lab', 'bats'] }, 'by themselves: --level lab'],
    [{ levels: ['synth'] }, 'there is no defect of synth to plant'],
  ])('refuses %j', (choice, message) => expect(() => selectDefects([defect, other], choice)).toThrow(message));
});

describe('the verdict', () => {
  const tap = (...lines: string[]) => tapResults(['1..1', ...lines].join('\n'));
  const failed = (text: string) => tap('not ok 1 x says one', `# ${text}`);

  test('caught: the named test fails with the expected text', () => {
    expect(judge(defect, failed('it is wrong: expected one, got two'))).toEqual({
      caught: true,
      said: 'expected one, got two',
    });
  });

  test.each([
    ['the test passes', tap('ok 1 x says one'), 'is not noticed: the test passes'],
    ['no test ran', tap(), 'no test ran'],
    [
      'another reason',
      failed('command not found'),
      'fails for another reason than /expected one, got two/: command not found',
    ],
    ['another test fails', tap('not ok 1 y', '# expected one, got two'), 'is not noticed: the test passes'],
  ])('not caught: %s', (_, results, problem) => {
    expect(judge(defect, results)).toEqual({ caught: false, problem });
  });

  test('a check that fails or is missing without the defect proves nothing', () => {
    expect(baselineProblem(defect, tap('ok 1 x says one'))).toBeUndefined();
    expect(baselineProblem(defect, failed('broken'))).toBe('fails without the defect already: broken');
    expect(baselineProblem(defect, tap('ok 1 y'))).toBe('test/x.bats has no test whose name contains "says one"');
    expect(baselineProblem(defect, tap('ok 1 x says one # skip no docker'))).toBe(
      'test/x.bats skips it here: no docker',
    );
  });

  test('Jest: tests, without those that were left out; a file that cannot be loaded', () => {
    const assertion = (fullName: string, status: string, ...failureMessages: string[]) => ({
      fullName,
      status,
      failureMessages,
    });
    const assertionResults = [
      assertion('a', 'passed'),
      assertion('b', 'failed', '\u001b[31mexpected\u001b[39m'),
      assertion('c', 'pending'),
    ];
    const testResults = [
      { message: '', assertionResults },
      { message: 'Cannot find module', assertionResults: [] },
    ];
    expect(jestResults(JSON.stringify({ testResults }))).toEqual([
      { name: 'a', passed: true, text: '' },
      { name: 'b', passed: false, text: 'expected' },
      { name: '', passed: false, text: 'Cannot find module' },
    ]);
  });
});

describe('a defect of the lab', () => {
  const lab = { deploy: ['swarm'], test: 'test/lab/10-swarm.test.ts', name: 'nodes', says: 'AccessDenied' };

  test('is the same line with another check, and stands after those that need no lab', () => {
    const parsed = parseDefects(
      JSON.stringify([
        { ...defect, lab },
        { ...defect, id: 'other' },
      ]),
    );
    expect(parsed.map(({ id, level }) => [id, level])).toEqual([
      ['some-defect', 'bats'],
      ['other', 'bats'],
      ['some-defect', 'lab'],
    ]);
    expect(parsed[2]).toEqual({ ...defect, ...lab, level: 'lab', redeploy: [] });
    expect(parsed[0]).toEqual(defect);
  });

  test('may be tried there alone, by the deployment itself', () => {
    const [parsed] = parseDefects(JSON.stringify([{ ...defect, level: 'lab', ...lab, test: 'cdk deploy' }]));
    expect(parsed).toMatchObject({ level: 'lab', test: 'cdk deploy', deploy: ['swarm'] });
  });

  test.each([
    [{ ...lab, test: 'test/x.bats' }, 'test'],
    [{ ...lab, deploy: ['swam'] }, 'deploy'],
    [{ ...lab, says: '' }, 'says'],
  ])('is refused: %j', (wrong, field) => {
    expect(() => parseDefects(JSON.stringify([{ ...defect, lab: wrong }]))).toThrow(field);
  });
});

describe('the table', () => {
  const inLab: LabDefect = { ...defect, level: 'lab', test: CDK_DEPLOY, deploy: [], redeploy: [] };
  const defects: Defect[] = [{ ...defect, title: 'a | b' }, { ...defect, id: 'lab-alone', title: 'c' }, inLab];
  defects[1] = { ...inLab, id: 'lab-alone', title: 'c' };
  const said = ({ level }: Defect): string => (level === 'lab' ? 'x | `y`' : 'z');

  test('has a row for each defect, which comes back from the document as it was', () => {
    const rows = rowsOf(defects, said);
    expect(rows).toEqual([
      { title: 'a | b', file: 'x.sh', caughtBy: 'bats: test/x.bats', said: 'z', lab: CDK_DEPLOY, labSaid: 'x | `y`' },
      { title: 'c', file: 'x.sh', caughtBy: '', said: '', lab: CDK_DEPLOY, labSaid: 'x | `y`' },
    ]);
    const document = replaceTable(`before\n\n${BEGIN}\n${END}\nafter`, renderTable(rows));
    expect(readTable(document)).toEqual(rows.map((row) => ({ ...row, labSaid: "x | 'y'" })));
    expect(replaceTable(document, renderTable(rows))).toBe(document);
    expect(() => replaceTable('nothing', '')).toThrow('docs/lab.md needs the lines');
  });

  test('says what this run has said, else what the lab once said, else what it said before', () => {
    const result = { id: inLab.id, caught: true, said: 'kept', seconds: 1, time: '' };
    const rows = rowsOf([defect, inLab], () => 'before');
    const outcome = { defect: inLab, verdict: { caught: true as const, said: 'now' }, seconds: 1 };
    expect(saidIn([outcome], [result], rows)(inLab)).toBe('now');
    expect(saidIn([], [result], rows)(inLab)).toBe('kept');
    expect(saidIn([], [{ ...result, caught: false }], rows)(inLab)).toBe('before');
    expect(saidIn([outcome], [result], rows)(defect)).toBe('before');
    expect(() => saidIn([], [], [])(inLab)).toThrow('run it with --level lab --only some-defect --update-docs');
  });
});
