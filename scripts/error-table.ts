/** Writes docs/errors.md anew out of lib/cli/error-codes.ts and lib/cli/doctor/finding-codes.ts. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERRORS } from '../lib/cli/error-codes';
import { FINDINGS } from '../lib/cli/doctor/finding-codes';
import { REPOSITORY } from '../lib/repository';

export const ERRORS_FILE = join(REPOSITORY, 'docs/errors.md');

const HEAD = `# Errors and findings of \`metals\`

Each error ends its first line with a code, and with \`--json\` it is \`error.code\`:

\`\`\`
error: the status could not be read [not-deployed]
why:   stage "blue" is not deployed in eu-west-1; deployed: prod
next:  add --stage prod
\`\`\`

This page is generated from \`lib/cli/error-codes.ts\` and \`lib/cli/doctor/finding-codes.ts\` by \`npx tsx scripts/error-table.ts\`. The
exit codes are those of every verb: 0 ok, 1 failure, 2 usage, 3 unhealthy, 4 not authorised, 130 interrupted.

[Findings of \`metals doctor\`](#findings) come after the errors.
`;

const FINDINGS_HEAD = `## Findings

\`./bin/metals doctor\` tells them in this order, the likely root first: one further down is often a consequence of one further
up. The states that the producer and the processor tell of themselves have [codes of their own](delivery.md); they come after
\`service-silent\`.
`;

/** The whole file, as Prettier would leave it. */
export function errorsPage(): string {
  const parts = Object.entries(ERRORS).map(
    ([code, { exitCode, means, helps }]) => `## ${code}\n\n${means}\n\nExit code ${exitCode}. What helps: ${helps}\n`,
  );
  const findings = Object.entries(FINDINGS).map(
    ([code, { means, isNot }]) => `### ${code}\n\n${means}\n\n${capital(isNot)}.\n`,
  );
  return [HEAD, ...parts, FINDINGS_HEAD, ...findings].join('\n');
}

const capital = (text: string): string => text[0]!.toUpperCase() + text.slice(1);

if (require.main === module) writeFileSync(ERRORS_FILE, errorsPage());
