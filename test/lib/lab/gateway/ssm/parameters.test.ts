import type { DocumentContent, ParameterDefinition } from '../../../../../lib/lab/gateway/ssm/document-content';
import {
  checkParameters,
  environmentOf,
  substitute,
  substituteLines,
} from '../../../../../lib/lab/gateway/ssm/parameters';

const document = (parameters: Record<string, ParameterDefinition>): DocumentContent => ({
  schemaVersion: '2.2',
  parameters,
  mainSteps: [],
});

describe('refused', () => {
  const content = document({
    Name: { type: 'String', allowedPattern: '^[a-z]+$' },
    Mode: { type: 'String', allowedValues: ['on', 'off'], default: 'on' },
    Count: { type: 'Integer', default: '1' },
  });
  test.each([
    [{}, 'Parameter Name requires a value'],
    [{ Name: 'a', Nmae: 'b' }, 'Parameter Nmae is not defined in the document, which has Name, Mode, Count'],
    [
      { Name: ['x; rm -rf / #'] },
      "Parameter Name has value 'x; rm -rf / #', which does not match its allowedPattern ^[a-z]+$",
    ],
    [{ Name: ['a', 'b'] }, 'Parameter Name of type String takes one value, got 2'],
    [{ Name: 'a', Mode: 'of' }, "Parameter Mode has value 'of', which is not one of on, off"],
    [{ Name: 'a', Count: 'many' }, 'Parameter Count must be a whole number'],
  ])('%j', (given, message) => {
    expect(() => checkParameters(content, given)).toThrow(message);
  });
});

test('defaults stand in for what is not given', () => {
  const content = document({ A: { type: 'String', default: '' }, B: { type: 'StringList', default: ['x', 'y'] } });
  expect(checkParameters(content)).toEqual({ A: '', B: ['x', 'y'] });
});

test('ENV_VAR parameters become environment, and never script text', () => {
  const content = document({
    Safe: { type: 'String', interpolationType: 'ENV_VAR' },
    Plain: { type: 'String' },
  });
  const values = { Safe: '$(touch /tmp/x)', Plain: 'text' };
  expect(environmentOf(content, values)).toEqual({ SSM_Safe: '$(touch /tmp/x)' });
  expect(substitute(content, values, 'echo {{ Safe }} {{Plain}} {{ Other }}')).toBe(
    'echo ${SSM_Safe} text {{ Other }}',
  );
});

test('an empty parameter does not arrive as a variable: whether it does with an agent is not known', () => {
  const content = document({ Images: { type: 'String', default: '', interpolationType: 'ENV_VAR' } });
  expect(environmentOf(content, checkParameters(content))).toEqual({});
  expect(environmentOf(content, checkParameters(content, { Images: 'none' }))).toEqual({ SSM_Images: 'none' });
});

test('a line that is one list parameter becomes its lines', () => {
  const content = document({ commands: { type: 'StringList' } });
  expect(substituteLines(content, { commands: ['a', 'b'] }, ['set -e', '{{ commands }}'])).toEqual([
    'set -e',
    'a',
    'b',
  ]);
  expect(substituteLines(content, { commands: ['a', 'b'] }, 'echo {{ commands }}')).toEqual(['echo a b']);
});
