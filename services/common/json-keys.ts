/**
 * Finds a name that stands twice in one object of a JSON text: JSON.parse keeps the last value and says nothing, so two
 * readers may see two prices. The text must be one that JSON.parse took, and `value` what it gave. No recursion: the
 * nesting is the client's.
 */
export function findDoubledKey(text: string, value: unknown): string | undefined {
  return countKeys(text) === countProperties(value) ? undefined : nameDoubledKey(text);
}

/** Index of the quote that ends the string whose first quote is at `start`. */
function stringEnd(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end;
}

function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text.charCodeAt(first - 1) === BACKSLASH) first -= 1;
  return (at - first) % 2 === 1;
}
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const SPACE = 0x20;

function isKey(text: string, end: number): boolean {
  let next = end + 1;
  // All of JSON's blanks, and nothing else that may follow a string, are at or below the space.
  while (text.charCodeAt(next) <= SPACE) next += 1;
  return text.charCodeAt(next) === COLON;
}

function countKeys(text: string): number {
  let count = 0;
  for (let start = text.indexOf('"'); start !== -1;) {
    const end = stringEnd(text, start);
    if (isKey(text, end)) count += 1;
    start = text.indexOf('"', end + 1);
  }
  return count;
}

function countProperties(value: unknown): number {
  let count = 0;
  const waiting = [value];
  while (waiting.length > 0) {
    const next = waiting.pop();
    if (typeof next !== 'object' || next === null) continue;
    const children: unknown[] = Array.isArray(next) ? next : Object.values(next);
    if (children !== next) count += children.length;
    for (const child of children) if (typeof child === 'object' && child !== null) waiting.push(child);
  }
  return count;
}

function nameDoubledKey(text: string): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '{') open.push(new Set());
    else if (character === '[') open.push(undefined);
    else if (character === '}' || character === ']') open.pop();
    if (character !== '"') continue;
    const end = stringEnd(text, at);
    if (isKey(text, end)) {
      const names = open.at(-1);
      const name = JSON.parse(text.slice(at, end + 1)) as string;
      if (names?.has(name)) return name;
      names?.add(name);
    }
    at = end;
  }
  return undefined;
}
