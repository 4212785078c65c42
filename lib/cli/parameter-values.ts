/**
 * Pure: parameters of a document as Systems Manager keeps them, of which each has one value.
 */
export const parameterValues = (
  parameters: Readonly<Record<string, readonly string[]>> = {},
): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(parameters).map(([name, [value = '']]) => [name, value]));
