/** The stack's files as objects. Pure. */
import { parse, stringify } from 'yaml';

/** As Docker reads them: later versions take a mode of 0400 for a decimal number. */
const VERSION = '1.1';

/** With what `<<` merges in its place. */
export const readStackFile = (yaml: string): unknown => parse(yaml, { merge: true, version: VERSION });

/** Without anchors, which Docker would read as well, and people would have to look up. */
export const stackFileText = (file: object): string =>
  stringify(file, { version: VERSION, lineWidth: 0, aliasDuplicateObjects: false });
