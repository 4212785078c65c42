/** All that is wrong with the configuration, one line each. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(
      `the configuration has ${problems.length} problem${problems.length === 1 ? '' : 's'}:\n` +
        problems.map((problem) => `  - ${problem}`).join('\n') +
        '\nset keys with -c key=value or in cdk.json; every key is described in lib/config.ts',
    );
    this.name = 'ConfigError';
  }
}
