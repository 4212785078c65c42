/** Answers of documents, which come with a deployment and may be older or newer than the command line. */
import { gunzipSync } from 'node:zlib';
import { CliError } from './errors';

/** What the user reads of a line that is none of those that were agreed on. */
export const notAgreedOn = (what: string, document: string, line: string, cause: unknown): CliError =>
  new CliError(
    what,
    `the document ${document} answered ${JSON.stringify(line.slice(0, 200))}, which is not what was agreed on`,
    ['./bin/metals deploy    # brings document and command line to the same version'],
    'other-version',
    { cause },
  );

/** What a document has packed, because Systems Manager keeps 24,000 characters of an output. */
export const unpacked = (packed: string): string => gunzipSync(Buffer.from(packed, 'base64')).toString('utf8');
