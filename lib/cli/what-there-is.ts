import { closest } from 'fastest-levenshtein';

/** Pure: behind a name that there is not, the nearest one and all others; nothing where there are none. */
export const whatThereIs = (name: string, names: readonly string[]): string =>
  names.length === 0 ? '' : `; did you mean ${closest(name, names)}? There are: ${names.join(', ')}`;
