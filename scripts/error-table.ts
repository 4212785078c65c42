/** Writes docs/errors.md anew out of lib/cli/error-codes.ts. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERRORS } from '../lib/cli/error-codes';
import { REPOSITORY } from '../lib/repository';

export const ERRORS_FILE = join(REPOSITORY, 'docs/errors.md');

const HEAD = `# Errors of \`metals\`

Each error ends its first line with a code, and with \`--json\` it is \`error.code\`:

\`\`\`
error: the status could not be read [not-deployed]
why:   stage "blue" is not deployed in eu-west-1; deployed: prod
next:  add --stage prod
\`\`\`

This page is generated from \`lib/cli/error-codes.ts\` by \`npx tsx scripts/error-table.ts\`. The exit codes are those of every
verb: 0 ok, 1 failure, 2 usage, 3 unhealthy, 4 not authorised, 130 interrupted.
`;

/** The whole file, as Prettier would leave it. */
export function errorsPage(): string {
  const parts = Object.entries(ERRORS).map(
    ([code, { exitCode, means, helps }]) => `## ${code}\n\n${means}\n\nExit code ${exitCode}. What helps: ${helps}\n`,
  );
  return [HEAD, ...parts].join('\n');
}

if (require.main === module) writeFileSync(ERRORS_FILE, errorsPage());
