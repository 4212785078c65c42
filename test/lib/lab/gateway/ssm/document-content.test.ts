import { parseContent } from '../../../../../lib/lab/gateway/ssm/document-content';

const step = { action: 'aws:runShellScript', name: 'run', inputs: { runCommand: ['true'] } };
const document = (overrides: object = {}) => ({ schemaVersion: '2.2', mainSteps: [step], ...overrides });

test.each([
  ['not JSON', '{', 'the content is not JSON'],
  ['no object', '"text"', 'the content is not an object'],
  ['another schema', document({ schemaVersion: '0.3' }), "schemaVersion is '0.3'; the lab runs '2.2' only"],
  ['no steps', document({ mainSteps: [] }), 'mainSteps is empty'],
  ['a step without a name', document({ mainSteps: [{ ...step, name: '' }] }), "a step has the name ''"],
  ['a name twice', document({ mainSteps: [step, step] }), "two steps have the name 'run'"],
  [
    'an action that the lab cannot run',
    document({ mainSteps: [{ ...step, action: 'aws:downloadContent' }] }),
    "step 'run' has action 'aws:downloadContent'; the lab runs aws:runShellScript only",
  ],
  ['no script', document({ mainSteps: [{ ...step, inputs: {} }] }), "step 'run' has no inputs.runCommand"],
  ['a type', document({ parameters: { A: { type: 'Text' } } }), "parameter A has type 'Text'"],
  [
    'ENV_VAR on a list',
    document({ parameters: { A: { type: 'StringList', interpolationType: 'ENV_VAR' } } }),
    'parameter A has interpolationType ENV_VAR, which needs type String, not StringList',
  ],
  [
    'a broken pattern',
    document({ parameters: { A: { type: 'String', allowedPattern: '[' } } }),
    'parameter A has an allowedPattern that is no regular expression: [',
  ],
])('refuses %s', (_, content, message) => {
  expect(() => parseContent(content)).toThrow(message);
});

test('takes JSON, YAML, and the object that a template holds', () => {
  expect(parseContent(JSON.stringify(document()))).toEqual(document());
  const yaml =
    'schemaVersion: "2.2"\nmainSteps:\n  - action: aws:runShellScript\n    name: run\n    inputs:\n      runCommand: ["true"]\n';
  expect(parseContent(yaml, 'YAML')).toEqual(document());
  expect(parseContent(document())).toEqual(document());
});
