import { spawnSync } from 'node:child_process';
import { gunzipSync } from 'node:zlib';
import { DOCUMENTS, type DocumentId } from '../../../lib/contract';
import {
  documentProblems,
  joinScript,
  loadDocument,
  neededLibraries,
  packScript,
} from '../../../lib/constructs/command-document';

const parameter = { type: 'String', description: 'x', allowedPattern: '^[a-z]+$', interpolationType: 'ENV_VAR' };

describe('documentProblems', () => {
  it('refuses what Systems Manager would substitute in a root shell', () => {
    expect(documentProblems('x', { description: 'x', timeoutSeconds: 60 }, "docker ps --format '{{.ID}}'")).toEqual([
      'x/run.sh contains "{{", which Systems Manager would substitute; use jq',
    ]);
  });

  it.each([
    [{ ...parameter, interpolationType: undefined }, 'x: parameter Name must be an ENV_VAR'],
    [
      { ...parameter, allowedPattern: undefined },
      'x: parameter Name needs allowedValues, or an allowedPattern from ^ to $',
    ],
    [
      { ...parameter, allowedPattern: '[a-z]+' },
      'x: parameter Name needs allowedValues, or an allowedPattern from ^ to $',
    ],
    [
      // The agent compiles patterns with Go's regexp, whose nested repeats may be 1000 in all.
      { ...parameter, allowedPattern: '^([0-9]{1,15}(,[0-9]{1,15}){0,99})?$' },
      'x: parameter Name has a pattern that the agent cannot compile: error parsing regexp: invalid repeat count: `{0,99}`',
    ],
    [
      { ...parameter, allowedPattern: '^(?!-)[a-z-]+$' },
      'x: parameter Name has a pattern that the agent cannot compile: error parsing regexp: invalid or unsupported Perl syntax: `(?!`',
    ],
  ])('refuses an unsafe parameter %#', (unsafe, problem) => {
    const declaration = { description: 'x', timeoutSeconds: 60, parameters: { Name: unsafe } };
    expect(documentProblems('x', declaration, 'echo "${SSM_Name}"')).toEqual([problem]);
  });

  it('refuses a parameter that nothing reads', () => {
    const declaration = { description: 'x', timeoutSeconds: 60, parameters: { Name: parameter } };
    expect(documentProblems('x', declaration, 'true')).toEqual(['x: parameter Name is declared but never used']);
  });

  it.each([4, 172_801, Number.NaN])(
    'refuses a timeout of %p s, which would silently become an hour',
    (timeoutSeconds) => {
      expect(documentProblems('x', { description: 'x', timeoutSeconds }, '')).toEqual([
        `x/document.yml: timeoutSeconds must be from 5 to 172800, got ${timeoutSeconds}`,
      ]);
    },
  );
});

it('puts libraries before the script, under one bash line', () => {
  expect(joinScript(['#!/bin/bash\na=1\n'], '#!/bin/bash\necho "$a"\n')).toBe('#!/bin/bash\na=1\necho "$a"\n');
});

it('does the same with its libraries packed, and shows its own lines', () => {
  const libraries = ['#!/bin/bash\nset -Eeuo pipefail\n', 'say() {\n  echo "${0##*/} $1 ${SSM_Name}"\n}\n'];
  const script = '#!/bin/bash\nsay "it\'s"\nfalse\necho unreached\n';
  const run = (text: string) => {
    const { stdout, status } = spawnSync('bash', ['-s'], { input: text, env: { ...process.env, SSM_Name: 'x' } });
    return [stdout.toString(), status];
  };
  expect(run(packScript(libraries, script))).toEqual(run(joinScript(libraries, script)));
  expect(run(joinScript(libraries, script))).toEqual(["bash it's x\n", 1]);
  expect(packScript(libraries, script)).toContain('\nsay "it\'s"\n');
});

it('packs the functions of the documents that are large without, and of no other', () => {
  for (const id of DOCUMENTS) {
    const { content } = loadDocument(id);
    const isPacked = JSON.stringify(content).includes('METALS_FUNCTIONS=');
    if (!isPacked) expect(Buffer.byteLength(JSON.stringify(content))).toBeLessThanOrEqual(32 * 1024);
  }
  const isPacked = (id: DocumentId) => JSON.stringify(loadDocument(id).content).includes('METALS_FUNCTIONS=');
  expect([isPacked('stack-deploy'), isPacked('stack-status')]).toEqual([true, false]);
});

describe('the libraries that a script needs', () => {
  const [ask, wait, unused] = [
    'ask() { # WHAT\n  wait_for "$1"\n}\n',
    'SECONDS_MAX=3\nwait_for() {\n  sleep "${SECONDS_MAX}"\n}\n',
    'other() {\n  true\n}\n',
  ];
  const libraries = [unused!, wait!, ask!];

  it('are those that it calls, and those that they call, in their order', () => {
    expect(neededLibraries(libraries, 'ask something\n')).toEqual([wait, ask]);
    expect(neededLibraries(libraries, 'echo "${SECONDS_MAX}"\n')).toEqual([wait]);
  });

  it('are none where it names nothing of them: a part of a word is no name, nor is a comment', () => {
    expect(neededLibraries(libraries, 'asks another_one\n  # ask\n')).toEqual([]);
  });
});

describe.each(DOCUMENTS)('document %s', (id) => {
  const { content, parameters, hash } = loadDocument(id);
  const [step] = content.mainSteps as { inputs: { runCommand: string[] } }[];

  it('is one strict bash script', () => {
    const [script] = step?.inputs.runCommand as [string];
    expect(script.startsWith('#!/bin/bash\n')).toBe(true);
    const packed = /<<'METALS_EOF' \| gunzip\n([\s\S]+?)METALS_EOF/.exec(script)?.[1];
    const functions = packed === undefined ? script : gunzipSync(Buffer.from(packed, 'base64')).toString();
    expect(functions).toContain('set -Eeuo pipefail');
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('asks for every parameter, so that an old agent is noticed', () => {
    const [script] = step?.inputs.runCommand as [string];
    const required = /^require_parameters (.*)$/m.exec(script)?.[1]?.split(' ') ?? [];
    expect([...required].sort()).toEqual([...parameters].sort());
  });

  it('admits no empty string, which may not arrive as a variable', () => {
    const declared = content.parameters as Record<string, { allowedPattern?: string; allowedValues?: string[] }>;
    const admitting = Object.entries(declared).filter(([, { allowedPattern, allowedValues }]) =>
      allowedValues ? allowedValues.includes('') : new RegExp(allowedPattern!).test(''),
    );
    expect(admitting.map(([name]) => name)).toEqual([]);
  });
});
