/** Text that somebody else wrote, made fit for a terminal: it may be read there, it may not drive it. */

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };
/** Controls, formats (which turn the direction of text), surrogates, unassigned, and the two line separators. */
const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** Every character that cannot be seen, as an escape. */
export const visible = (text: string): string =>
  text.replace(INVISIBLE, (character) => {
    const code = character.codePointAt(0)!;
    if (NAMED[character]) return NAMED[character];
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });

/** The same for a text of several lines: line breaks and tabs stay. */
export const visibleLines = (text: string): string => text.replace(/[^\n\t]+/g, visible);

/** At most so many characters, the last of them an ellipsis if anything is missing. */
export function shorten(text: string, width: number): string {
  const characters = [...text];
  return characters.length <= width ? text : `${characters.slice(0, Math.max(0, width - 1)).join('')}…`;
}

/** JSON in ASCII: what JSON itself leaves unescaped would reach the terminal as it is. */
export const asciiJson = (value: unknown): string =>
  JSON.stringify(value, null, 2).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
