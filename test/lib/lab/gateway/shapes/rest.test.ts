import type { Exchange } from '../../../../../lib/lab/gateway/shapes/exchange';
import { check, EXCHANGE, problemsOf, restModel } from './support/models';

const XML = restModel('rest-xml');
const JSON_REST = restModel('rest-json');
const call = (method: string, url: string, more: Partial<Exchange> = {}): Exchange => ({
  ...EXCHANGE,
  method,
  url,
  ...more,
});

describe('a REST API', () => {
  it.each([
    ['PUT', '/store/a/b.txt', {}, 'PutItem'],
    ['PUT', '/store/a?partNumber=1', {}, 'PutPart'],
    ['PUT', '/store/a?x-id=PutPart', {}, 'PutPart'],
    ['GET', '/store?list-type=2', {}, 'ListItems'],
    ['GET', '/store/?list-type=2', {}, 'ListItems'],
    ['POST', '/store?configuration', {}, 'Configure'],
  ])('knows %s %s', (method, url, headers, operation) => {
    expect(check(XML, call(method, url, { requestHeaders: headers })).operation).toBe(operation);
  });

  it('finds a request that is no operation', () => {
    expect(problemsOf(XML, call('GET', '/store?list-type=3'))).toEqual([
      'request: GET names no operation of the model',
    ]);
    expect(problemsOf(XML, call('GET', '/store?list-type=3', { status: 404 }))).toEqual([]);
  });

  it('checks path, query and headers, and leaves signing alone', () => {
    const requestHeaders = {
      host: 'h',
      'x-amz-date': 'd',
      'x-amz-content-sha256': 's',
      'x-amz-checksum-crc32': 'c',
      'x-amz-meta-colour': 'red',
      'x-amz-item-length': 'ten',
      'x-amz-item-size': '1',
    };
    const answerHeaders = { etag: '"', 'last-modified': 'today' };
    const exchange = call('PUT', '/store/a?colour=red&X-Amz-Signature=0', { requestHeaders, answerHeaders });
    expect(problemsOf(XML, exchange)).toEqual([
      'request: the model has no query parameter colour',
      'request: the model has no header x-amz-item-size',
      'request: Length: a text, expected the digits of an integer',
      'answer: Modified: a text, expected a time as rfc822 writes it',
    ]);
  });

  it('never looks into a stream', () => {
    const exchange = call('PUT', '/store/a', { requestBody: undefined });
    expect(check(XML, exchange)).toEqual({ operation: 'PutItem', problems: [], skipped: [] });
  });

  it('checks bodies in XML', () => {
    const list = (inner: string) =>
      problemsOf(
        XML,
        call('GET', '/store?list-type=2&max-keys=x', { answerBody: Buffer.from(`<L xmlns="urn:s">${inner}</L>`) }),
      );
    expect(
      list('<Items><Key>a</Key><Modified>2026-01-01T00:00:00.000Z</Modified></Items><Items/><Truncated>no</Truncated>'),
    ).toEqual([
      'request: MaxKeys: a text, expected the digits of an integer',
      "answer: Truncated: a text, expected the text 'true' or 'false'",
    ]);
  });

  it('checks bodies in JSON', () => {
    const configure = (body: unknown, answerBody = Buffer.alloc(0)) =>
      problemsOf(
        JSON_REST,
        call('POST', '/store?configuration', { requestBody: Buffer.from(JSON.stringify(body)), answerBody }),
      );
    expect(configure({ Size: 1, Mode: 'On' })).toEqual([]);
    expect(configure({ Mode: 'on', Name: 'x' })).toEqual([
      'request: the model has no member Name',
      'request: the required member Size is missing',
      'request: Mode: not a value of the enumeration On, Off',
    ]);
    const answerBody = Buffer.from('{"Truncated":"no","Next":1}');
    expect(problemsOf(JSON_REST, call('GET', '/store?list-type=2', { answerBody }))).toEqual([
      'answer: the model has no member Next',
      'answer: Truncated: a text, expected a boolean',
    ]);
  });

  it('does not say that members are missing from a body that it has not seen', () => {
    const exchange = call('POST', '/store?configuration', { requestBody: undefined });
    expect(check(JSON_REST, exchange)).toEqual({ operation: 'Configure', problems: [], skipped: ['request'] });
  });

  it('reads the errors of both', () => {
    const failed = (answerBody: string, answerHeaders = {}) =>
      call('GET', '/store?list-type=2', { status: 404, answerBody: Buffer.from(answerBody), answerHeaders });
    expect(problemsOf(XML, failed('<Error><Code>c</Code><Message>m</Message></Error>'))).toEqual([]);
    expect(problemsOf(XML, failed('<html/>'))).toEqual(['answer: an error that is not at Error']);
    expect(problemsOf(JSON_REST, failed('{"message":"m"}', { 'x-amzn-errortype': 'NotFound' }))).toEqual([]);
    expect(problemsOf(JSON_REST, failed('{"message":"m"}'))).toEqual([
      'answer: an error without a code (__type, or header x-amzn-errortype)',
    ]);
  });
});
