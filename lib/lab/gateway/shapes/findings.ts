/**
 * Collects where a value does not fit its shape. Paths name members of the model, with `[]` for an item and `{}` for a
 * map's value, and no text holds a value of the caller's: secrets pass through here, and findings are logged.
 */
export class Findings {
  readonly problems = new Set<string>();

  /**
   * `areConstrained`: whether patterns, lengths and ranges count. AWS holds requests to them and its own answers not: the
   * documented answer of GetCommandInvocation has times with milliseconds, which their pattern refuses.
   */
  constructor(readonly areConstrained: boolean) {}

  add(path: string, problem: string): void {
    this.problems.add(path === '' ? problem : `${path}: ${problem}`);
  }
}

export const memberPath = (path: string, member: string): string => (path === '' ? member : `${path}.${member}`);
