const { createHash } = require('node:crypto');
const { appendFileSync, existsSync, readFileSync, writeFileSync } = require('node:fs');
const path = require('node:path');

const DIRECTORY = path.join(__dirname, '../../../.lab');

/** Writes down which tests have passed on the lab that is up, a JSON line each; see passed-tests.ts. */
module.exports = class PassedReporter {
  onTestResult(_test, { testFilePath, testResults }) {
    // A lab that was removed meanwhile has nothing to write to.
    if (!existsSync(path.join(DIRECTORY, 'secret'))) return;
    const lab = createHash('sha256')
      .update(readFileSync(path.join(DIRECTORY, 'secret')))
      .digest('hex');
    const file = path.join(DIRECTORY, 'tests-passed.jsonl');
    const isOfThisLab = existsSync(file) && readFileSync(file, 'utf8').startsWith(`{"lab":"${lab}"`);
    if (!isOfThisLab) writeFileSync(file, '');
    for (const { status, title } of testResults)
      if (status === 'passed')
        appendFileSync(file, `${JSON.stringify({ lab, file: path.basename(testFilePath), title })}\n`);
  }
};
