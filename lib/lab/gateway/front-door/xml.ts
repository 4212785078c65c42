/** The little XML that query APIs need: flat look-ups by tag name and escaping. */

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

export function escapeXml(text: string): string {
  return text
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/'/g, '&apos;');
}

export function unescapeXml(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(amp|lt|gt|quot|apos));/gi, (_, hex, decimal, name) => {
    if (hex) return String.fromCodePoint(parseInt(hex, 16));
    if (decimal) return String.fromCodePoint(Number(decimal));
    return ENTITIES[String(name).toLowerCase()]!;
  });
}

/** Text of every `<name>` element without children, in document order. */
export function xmlValues(xml: string, name: string): string[] {
  return [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map((match) => unescapeXml(match[1]!));
}

/** Text of the first `<name>` element without children; undefined when there is none. */
export const xmlValue = (xml: string, name: string): string | undefined => xmlValues(xml, name)[0];

/** As `xmlValue`, for an element that the answer cannot lack. */
export function requiredXmlValue(xml: string, name: string): string {
  const value = xmlValue(xml, name);
  if (value === undefined) throw new Error(`ministack's answer has no <${name}>: ${xml.slice(0, 300)}`);
  return value;
}
