/** Parses the XML that AWS's services answer: elements, attributes and text; no document types, no mixed content. */
import { unescapeXml } from '../front-door/xml';

export interface XmlElement {
  /** Without its namespace's prefix. */
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: XmlElement[];
  text: string;
}

const TOKEN =
  /<\?[^]*?\?>|<!--[^]*?-->|<!\[CDATA\[([^]*?)\]\]>|<\/([^\s>]+)\s*>|<([^\s/>!?]+)((?:\s+[^\s=>]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>|([^<]+)/y;
const ATTRIBUTE = /([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

const localName = (name: string): string => name.slice(name.indexOf(':') + 1);

/** The root element. Throws where the text is not well formed, naming the position and never the text. */
export function parseXml(xml: string): XmlElement {
  const root: XmlElement = { name: '', attributes: {}, children: [], text: '' };
  const open: { element: XmlElement; tag: string }[] = [{ element: root, tag: '' }];
  TOKEN.lastIndex = 0;
  let position = 0;
  while (position < xml.length) {
    const token = TOKEN.exec(xml);
    if (!token) throw new Error(`the XML is not well formed at character ${position}`);
    position = TOKEN.lastIndex;
    const [, cdata, closing, opening, attributes, selfClosing, text] = token;
    const current = open.at(-1)!;
    if (cdata !== undefined) current.element.text += cdata;
    else if (text !== undefined) current.element.text += unescapeXml(text);
    else if (closing !== undefined) {
      if (open.length === 1 || current.tag !== closing)
        throw new Error(`the XML closes <${closing}> at character ${position}, where <${current.tag}> is open`);
      open.pop();
    } else if (opening !== undefined) {
      const element = {
        name: localName(opening),
        attributes: parseAttributes(attributes ?? ''),
        children: [],
        text: '',
      };
      current.element.children.push(element);
      if (selfClosing === '') open.push({ element, tag: opening });
    }
  }
  if (open.length > 1) throw new Error(`the XML ends while <${open.at(-1)!.tag}> is open`);
  if (root.children.length !== 1) throw new Error(`the XML has ${root.children.length} root elements, expected one`);
  return root.children[0]!;
}

function parseAttributes(text: string): Record<string, string> {
  if (text === '') return {};
  const found = [...text.matchAll(ATTRIBUTE)];
  return Object.fromEntries(
    found.map(([, name, double, single]) => [localName(name!), unescapeXml(double ?? single ?? '')]),
  );
}
