/**
 * Pure: the SSM agent's own check of a document's parameters, before the first step begins. It compiles each pattern
 * with Go's regexp (RE2: no look-around, nested repeats of 1000 at most), whatever Systems Manager has accepted.
 * Texts: amazon-ssm-agent, agent/framework/docparser.
 */
import { RE2JS } from 're2js';
import type { DocumentContent } from './document-content';
import type { ParameterValues } from './parameters';

/** Why the agent does not begin the document; undefined when it does. */
export function agentRefusal(content: DocumentContent, values: ParameterValues): string | undefined {
  const errors = Object.entries(content.parameters ?? {}).flatMap(([name, { allowedPattern }]) => {
    const problem = allowedPattern ? patternProblem(allowedPattern, [values[name] ?? ''].flat()) : undefined;
    if (problem === undefined) return [];
    return [`error thrown in 'AllowedRegexParamValidator' while validating parameter /${name}/: ${problem}`];
  });
  return errors.length === 0 ? undefined : `all errors during param validation errors: ${errors.join('\n')}`;
}

function patternProblem(pattern: string, values: readonly string[]): string | undefined {
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(pattern);
  } catch (error) {
    return `encountered error while compiling allowed pattern - internal error: ${(error as Error).message}`;
  }
  const wrong = values.find((value) => !compiled.matcher(value).find());
  return wrong === undefined ? undefined : `parameter value /${wrong}/ does not match the allowed pattern /${pattern}/`;
}
