import {
  escapeXml,
  requiredXmlValue,
  unescapeXml,
  xmlValue,
  xmlValues,
} from '../../../../../lib/lab/gateway/front-door/xml';

describe('xml', () => {
  it('unescapes what it escapes, once', () => {
    const text = `<a b="c" d='e'>&amp; & 日</a>`;
    expect(unescapeXml(escapeXml(text))).toBe(text);
    expect(unescapeXml('&amp;lt; &#65; &#x42; &unknown;')).toBe('&lt; A B &unknown;');
  });

  it('finds values', () => {
    const xml = '<r><id>1</id><x><id>a&amp;b</id></x></r>';
    expect(xmlValues(xml, 'id')).toEqual(['1', 'a&b']);
    expect(xmlValue(xml, 'none')).toBeUndefined();
    expect(() => requiredXmlValue(xml, 'none')).toThrow("ministack's answer has no <none>");
  });
});
