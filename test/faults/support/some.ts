/** In a list of violations, as the oracle words them: one of this kind. */
export const some = (kind: string): unknown => expect.stringMatching(new RegExp(`^\\d+ ${kind}: `));
