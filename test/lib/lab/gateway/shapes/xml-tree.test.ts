import { parseXml } from '../../../../../lib/lab/gateway/shapes/xml-tree';

describe('parseXml', () => {
  it('reads elements, attributes, entities, comments and CDATA, without prefixes', () => {
    const xml =
      '<?xml version="1.0"?><!-- c --><s:a xmlns:s="u" s:b="1 &lt; 2" c=\'d\'><e/>x &amp; <![CDATA[<y>]]></s:a>\n';
    expect(parseXml(xml)).toEqual({
      name: 'a',
      attributes: { s: 'u', b: '1 < 2', c: 'd' },
      children: [{ name: 'e', attributes: {}, children: [], text: '' }],
      text: 'x & <y>',
    });
  });

  it.each([
    ['', 'the XML has 0 root elements, expected one'],
    ['<a/><b/>', 'the XML has 2 root elements, expected one'],
    ['<a>', 'the XML ends while <a> is open'],
    ['<a></b>', 'the XML closes <b> at character 7, where <a> is open'],
    ['</a>', 'the XML closes <a> at character 4, where <> is open'],
    ['<a b=c/>', 'the XML is not well formed at character 0'],
    ['<!DOCTYPE a><a/>', 'the XML is not well formed at character 0'],
  ])('refuses %s', (xml, message) => expect(() => parseXml(xml)).toThrow(message));
});
