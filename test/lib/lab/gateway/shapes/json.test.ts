import { check, EXCHANGE, JSON_MODEL, jsonCall, problemsOf } from './support/models';

const put = (request: unknown, answer: unknown = {}) =>
  problemsOf(JSON_MODEL, jsonCall('PutParameter', request, answer));
const GOOD = { Name: '/a', Value: 'v' };

describe('a JSON API', () => {
  it('has nothing to say about what fits', () => {
    const request = {
      ...GOOD,
      Type: 'String',
      Overwrite: false,
      Tags: [{ Key: 'a' }],
      Attributes: { a: 1 },
      Filter: { A: 'x' },
    };
    const answer = { Version: 1, Ratio: 0.5, modifiedAt: 1.5, ExpiresAt: '2026-01-01T00:00:00.5Z', Digest: 'aGk=' };
    expect(put(request, answer)).toEqual([]);
    expect(check(JSON_MODEL, jsonCall('PutParameter', request)).operation).toBe('PutParameter');
  });

  it.each([
    ['a missing required member', { Name: '/a' }, 'the required member Value is missing'],
    ['null for a required member', { Name: '/a', Value: null }, 'the required member Value is missing'],
    ['an unknown member', { ...GOOD, Tier: 'x' }, 'the model has no member Tier'],
    ['an unknown member further in', { ...GOOD, Tags: [{ Key: 'a', V: 1 }] }, 'Tags[]: the model has no member V'],
    ['a missing member further in', { ...GOOD, Tags: [{}] }, 'Tags[]: the required member Key is missing'],
    ['text for a boolean', { ...GOOD, Overwrite: 'true' }, 'Overwrite: a text, expected a boolean'],
    ['a number for text', { ...GOOD, Value: 1 }, 'Value: a number, expected a string'],
    ['a structure for a list', { ...GOOD, Tags: {} }, 'Tags: expected a list'],
    ['a list for a structure', { ...GOOD, Filter: [] }, 'Filter: expected a structure'],
    ['a list for a map', { ...GOOD, Attributes: [] }, 'Attributes: expected a map'],
    [
      'a value outside the enumeration',
      { ...GOOD, Type: 'Text' },
      'Type: not a value of the enumeration String, SecureString',
    ],
    ['too long a text', { ...GOOD, Name: 'a'.repeat(11) }, 'Name: 11 characters, expected at most 10'],
    ['an empty text', { ...GOOD, Name: '' }, 'Name: 0 characters, expected at least 1'],
    ['a text that matches in part only', { ...GOOD, Name: 'a1' }, 'Name: does not match the pattern [a-z/]+'],
    [
      'too long a list',
      { ...GOOD, Tags: [{ Key: 'a' }, { Key: 'b' }, { Key: 'c' }] },
      'Tags: 3 items, expected at most 2',
    ],
    ['too large a map', { ...GOOD, Attributes: { a: 1, b: 1, c: 1 } }, 'Attributes: 3 entries, expected at most 2'],
    ['a wrong key', { ...GOOD, Attributes: { '1': 1 } }, 'Attributes{key}: does not match the pattern [a-z/]+'],
    ['a wrong value in a map', { ...GOOD, Attributes: { a: 0 } }, 'Attributes{}: 0, expected at least 1'],
    ['two members of a union', { ...GOOD, Filter: { A: '', B: '' } }, 'Filter: 2 members of a union, expected one'],
  ])('finds %s in a request', (_, request, problem) => {
    expect(put(request)).toContain(`request: ${problem}`);
  });

  it.each([
    ['an unknown member', { Tier: 1 }, 'the model has no member Tier'],
    ['text for an integer', { Version: '1' }, 'Version: a text, expected an integer'],
    ['a fraction for an integer', { Version: 1.5 }, 'Version: a number, expected an integer'],
    ['text for a number', { Ratio: 'half' }, 'Ratio: a text, expected a number'],
    [
      'a time as text',
      { modifiedAt: '2026-01-01T00:00:00Z' },
      'ModifiedAt: a text, expected a time in seconds since 1970, a number',
    ],
    [
      'a time as a number where the shape says text',
      { ExpiresAt: 1 },
      'ExpiresAt: a number, expected a time as iso8601 writes it',
    ],
    ['bytes that are not base64', { Digest: 'ä' }, 'Digest: a text, expected base64'],
    [
      'a value outside the enumeration',
      { Type: 'X' },
      "Type: 'X' is not a value of the enumeration String, SecureString",
    ],
    ['a list in place of the whole', [], 'expected a structure'],
  ])('finds %s in an answer', (_, answer, problem) => {
    expect(put(GOOD, answer)).toEqual([`answer: ${problem}`]);
  });

  it('does not hold an answer to patterns, lengths and ranges, as AWS does not', () => {
    expect(put(GOOD, { Version: 0 })).toEqual([]);
  });

  it('finds members in the answer of an operation that has no output', () => {
    expect(problemsOf(JSON_MODEL, jsonCall('DeleteParameter', { Name: 'a' }, { Name: 'a' }))).toEqual([
      'answer: has members Name, but the operation has no output',
    ]);
    expect(
      problemsOf(JSON_MODEL, { ...jsonCall('DeleteParameter', { Name: 'a' }), answerBody: Buffer.alloc(0) }),
    ).toEqual([]);
  });

  it('finds bodies that are not JSON, and repeats nothing of them', () => {
    const broken = Buffer.from('{"Value": hunter2');
    const exchange = { ...jsonCall('PutParameter', GOOD), requestBody: broken, answerBody: broken };
    expect(problemsOf(JSON_MODEL, exchange)).toEqual(['request: the body is not JSON', 'answer: the body is not JSON']);
    expect(problemsOf(JSON_MODEL, { ...exchange, status: 500 })).toEqual(['answer: the body is not JSON']);
  });

  it('finds an operation and a target that the model does not have', () => {
    expect(problemsOf(JSON_MODEL, jsonCall('PutParameters', {}))).toEqual(['request: the model has no such operation']);
    const requestHeaders = { 'x-amz-target': 'AmazonSSM_2014.PutParameter' };
    expect(problemsOf(JSON_MODEL, { ...jsonCall('PutParameter', GOOD), requestHeaders })).toEqual([
      'request: X-Amz-Target names AmazonSSM_2014, expected AmazonSSM',
    ]);
  });

  it('does not hold a refused request against anybody, but an error that nobody can read', () => {
    const refused = (answer: unknown) => problemsOf(JSON_MODEL, jsonCall('PutParameter', { Nmae: 1 }, answer, 400));
    expect(refused({ __type: 'ValidationException', message: 'no' })).toEqual([]);
    expect(refused({ message: 'no' })).toEqual([
      'answer: an error without a code (__type, or header x-amzn-errortype)',
    ]);
    expect(refused({ __type: 'ValidationException' })).toEqual(['answer: an error without a message']);
  });

  it('says which body was not kept, and checks the other', () => {
    const checked = check(JSON_MODEL, { ...jsonCall('PutParameter', {}, { Tier: 1 }), requestBody: undefined });
    expect(checked.skipped).toEqual(['request']);
    expect(checked.problems.map(({ problem }) => problem)).toEqual(['the model has no member Tier']);
  });

  it('repeats no value, whatever is wrong with it', () => {
    const secret = 'hunter2!';
    const request = {
      Name: secret,
      Value: [secret],
      Type: secret,
      Overwrite: secret,
      Tags: secret,
      Attributes: { [secret]: secret },
    };
    const answer = { Version: secret, Digest: `${secret}${secret}`, modifiedAt: secret };
    const problems = put(request, answer);
    expect(problems.length).toBeGreaterThan(7);
    expect(problems.join('\n')).not.toContain(secret);
  });

  it('leaves other protocols alone', () => {
    const cbor = {
      ...JSON_MODEL,
      metadata: { protocol: 'smithy-rpc-v2-cbor', protocols: ['smithy-rpc-v2-cbor', 'json'], apiVersion: '1' },
    };
    expect(() => check(cbor, EXCHANGE)).toThrow('the exchange was not checked');
  });
});
