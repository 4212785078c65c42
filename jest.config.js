/**
 * Four projects: `unit` needs no network and no Docker; `faults` starts Kafka, MongoDB and the services in Docker and
 * disturbs them; `lab` proves the real thing on a lab that is up, and `aws` some of the same cases on an account.
 */
// Said in the README: the AWS SDK will ask for Node 22 in 2027.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

const common = {
  testEnvironment: 'node',
  // Copies of the product, in which test:strict plants defects.
  modulePathIgnorePatterns: ['<rootDir>/build/strict/'],
  transform: { '^.+\\.ts$': ['ts-jest', { tsconfig: 'tsconfig.json', diagnostics: false }] },
};
module.exports = {
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: ['<rootDir>/test/**/*.test.ts'],
      testPathIgnorePatterns: ['<rootDir>/test/lab/', '<rootDir>/test/faults/([^/]*|full/.*|soak/.*)$'],
    },
    {
      ...common,
      displayName: 'faults',
      // scripts/test-faults sets it: the long ones with --full, the soak alone with --soak.
      testMatch: (process.env.METALS_FAULT_SUITES ?? '.')
        .split(' ')
        .map((folder) => `<rootDir>/test/faults/${folder}/*.test.ts`),
    },
    {
      ...common,
      displayName: 'lab',
      testMatch: ['<rootDir>/test/lab/**/*.test.ts'],
      globalSetup: '<rootDir>/test/lab/support/global-setup.ts',
    },
    // Only test/aws/main.ts, which chooses the cases and has asked, sets this: they must not meet an account by chance.
    ...(process.env.METALS_TEST_AWS === '1'
      ? [{ ...common, displayName: 'aws', testMatch: ['<rootDir>/test/lab/**/*.test.ts'] }]
      : []),
  ],
};
