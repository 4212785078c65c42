/** One thing that is as it should be, or not. */
export interface Check {
  /** `topic metals-prices: partitions` */
  readonly subject: string;
  readonly expected: string;
  readonly actual: string;
  readonly ok: boolean;
}

export const equals = (subject: string, expected: string | number, actual: string | number): Check => ({
  ...{ subject, expected: String(expected), actual: String(actual), ok: String(expected) === String(actual) },
});

/** What should be there, and what is there besides. */
export function sameSet(subject: string, expected: readonly string[], actual: readonly string[]): Check {
  const missing = expected.filter((one) => !actual.includes(one));
  const surplus = actual.filter((one) => !expected.includes(one));
  const told = [
    ...(missing.length > 0 ? [`missing: ${missing.join(', ')}`] : []),
    ...(surplus.length > 0 ? [`not planned: ${surplus.join(', ')}`] : []),
  ];
  return {
    subject,
    expected: expected.join(', ') || 'none',
    actual: told.join('; ') || 'the same',
    ok: told.length === 0,
  };
}
