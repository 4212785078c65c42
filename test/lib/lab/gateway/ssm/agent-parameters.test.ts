import type { DocumentContent } from '../../../../../lib/lab/gateway/ssm/document-content';
import { agentRefusal } from '../../../../../lib/lab/gateway/ssm/agent-parameters';
import { checkParameters } from '../../../../../lib/lab/gateway/ssm/parameters';

const document = (allowedPattern: string): DocumentContent => ({
  schemaVersion: '2.2',
  parameters: { Ids: { type: 'String', allowedPattern } },
  mainSteps: [],
});
const PREFIX =
  "all errors during param validation errors: error thrown in 'AllowedRegexParamValidator' while validating parameter /Ids/: ";
const NOT_COMPILED = 'encountered error while compiling allowed pattern - internal error: error parsing regexp: ';

test.each([
  // 15 x 99 repeats: a pattern that the document dead-letters once had.
  ['^([0-9]{1,15}(,[0-9]{1,15}){0,99})?$', `${NOT_COMPILED}invalid repeat count: \`{0,99}\``],
  ['^(?!-)[0-9]+$', `${NOT_COMPILED}invalid or unsupported Perl syntax: \`(?!\``],
])('a pattern that Systems Manager takes and Go does not: %s', (pattern, problem) => {
  const content = document(pattern);
  const values = checkParameters(content, { Ids: '1' });
  expect(agentRefusal(content, values)).toBe(`${PREFIX}${problem}`);
});

test('a value that only JavaScript finds to match', () => {
  const content = document('^[\\s]$');
  const values = checkParameters(content, { Ids: '\v' });
  expect(agentRefusal(content, values)).toBe(
    `${PREFIX}parameter value /\v/ does not match the allowed pattern /^[\\s]$/`,
  );
});

test.each(['^([0-9]{1,15}(,[0-9]{1,15})*)?$', '^[0-9]{1,1000}$', ''])('begins with %s', (pattern) => {
  const content = document(pattern);
  expect(agentRefusal(content, checkParameters(content, { Ids: '1' }))).toBeUndefined();
});
