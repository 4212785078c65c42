import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import {
  readClaim,
  sha256Hex,
  statedPayloadHash,
  verifySignature,
  type Credential,
  type SignedRequest,
} from '../../../../../lib/lab/gateway/front-door/sigv4';

type HttpRequest = Parameters<SignatureV4['presign']>[0];

class Sha256 {
  private readonly hash;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret as string);
  }
  update(data: string | Uint8Array) {
    this.hash.update(data);
  }
  digest() {
    return Promise.resolve(this.hash.digest());
  }
  reset() {}
}

const NOW = new Date('2026-11-22T12:00:00Z');
const CREDENTIAL: Credential = { accessKeyId: '000000000000', secretAccessKey: 'correct horse battery staple' };

const signer = (service: string, credentials: Credential = CREDENTIAL) =>
  new SignatureV4({ service, region: 'eu-west-1', credentials, sha256: Sha256, uriEscapePath: service !== 's3' });

function request(overrides: Partial<HttpRequest> = {}): HttpRequest {
  const headers = { host: '127.0.0.1:4566', 'content-type': 'application/x-amz-json-1.1', ...overrides.headers };
  return {
    method: 'POST',
    protocol: 'http:',
    hostname: '127.0.0.1',
    path: '/',
    query: {},
    body: '{}',
    ...overrides,
    headers,
  };
}

/** The request as Node's server would hand it over. */
function onTheWire(signed: HttpRequest): SignedRequest {
  const query = Object.entries(signed.query ?? {}).flatMap(([name, value]) =>
    [value].flat().map((one) => `${encodeURIComponent(name)}=${encodeURIComponent(one ?? '')}`),
  );
  const headers = Object.fromEntries(
    Object.entries(signed.headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  return { method: signed.method, url: signed.path + (query.length ? `?${query.join('&')}` : ''), headers };
}

async function verify(wire: SignedRequest, body = '{}', credential: Credential | undefined = CREDENTIAL, now = NOW) {
  const claim = readClaim(wire)!;
  await verifySignature(wire, claim, credential, statedPayloadHash(wire, claim) ?? sha256Hex(body), now);
}

const sign = (service: string, message: HttpRequest, credentials = CREDENTIAL) =>
  signer(service, credentials).sign(message, { signingDate: NOW });

describe('a signature in the headers', () => {
  it.each([
    ['ssm', request()],
    [
      'lambda',
      request({ path: '/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1/invocations', query: { Qualifier: '1' } }),
    ],
    [
      's3',
      request({
        method: 'GET',
        path: "/bucket/a%20b/c%2Bd~'(x)",
        query: { 'list-type': '2', prefix: 'a/b c', empty: '' },
        body: undefined,
      }),
    ],
    ['s3', request({ method: 'PUT', path: '/b/k', headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } })],
    [
      's3',
      request({
        method: 'PUT',
        path: '/b/k',
        headers: { 'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' },
      }),
    ],
    [
      's3',
      request({
        method: 'PUT',
        path: '/b/k',
        headers: { 'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' },
      }),
    ],
    ['ec2', request({ query: { Filter: ['b', 'a'] } })],
  ])('of %s is accepted', async (service, message) => {
    await expect(verify(onTheWire(await sign(service, message)))).resolves.toBeUndefined();
  });

  it('is accepted where the client does not state the hash of the body', async () => {
    const plain = new SignatureV4({
      service: 'ec2',
      region: 'eu-west-1',
      credentials: CREDENTIAL,
      sha256: Sha256,
      applyChecksum: false,
    });
    const wire = onTheWire(await plain.sign(request(), { signingDate: NOW }));
    await expect(verify(wire)).resolves.toBeUndefined();
    await expect(verify(wire, '{"other":1}')).rejects.toThrow('the signature does not match');
  });

  it('is accepted with spaces around and inside header values', async () => {
    const wire = onTheWire(
      await sign('ssm', request({ headers: { 'x-amz-target': 'AmazonSSM.GetParameter', 'x-note': 'a  b' } })),
    );
    await expect(verify({ ...wire, headers: { ...wire.headers, 'x-note': '  a  b ' } })).resolves.toBeUndefined();
  });

  it.each<[string, (wire: SignedRequest) => SignedRequest]>([
    ['method', (wire) => ({ ...wire, method: 'PUT' })],
    ['path', (wire) => ({ ...wire, url: '/other' })],
    ['query', (wire) => ({ ...wire, url: `${wire.url}?a=1` })],
    ['signed header', (wire) => ({ ...wire, headers: { ...wire.headers, host: 'evil:4566' } })],
    ['payload hash', (wire) => ({ ...wire, headers: { ...wire.headers, 'x-amz-content-sha256': sha256Hex('x') } })],
  ])('is refused when the %s was changed', async (_what, change) => {
    const wire = change(onTheWire(await sign('ssm', request())));
    await expect(verify(wire)).rejects.toMatchObject({ code: 'SignatureDoesNotMatch', status: 403 });
  });

  it('is refused with another secret, and the message says what to do', async () => {
    const wire = onTheWire(await sign('ssm', request(), { ...CREDENTIAL, secretAccessKey: 'test' }));
    await expect(verify(wire)).rejects.toThrow(
      'the signature does not match: the secret access key of \'000000000000\' is another one in this lab; load its credentials with ". .lab/env"',
    );
  });

  it('is refused for an access key that nobody has', async () => {
    const wire = onTheWire(await sign('ssm', request()));
    await expect(verifySignature(wire, readClaim(wire)!, undefined, '', NOW)).rejects.toMatchObject({
      code: 'UnrecognizedClientException',
    });
  });

  it('is refused 16 minutes later and accepted 14 minutes later', async () => {
    const wire = onTheWire(await sign('ssm', request()));
    const later = (minutes: number) => new Date(NOW.getTime() + minutes * 60_000);
    await expect(verify(wire, '{}', CREDENTIAL, later(16))).rejects.toThrow("differs from the lab's clock by 960 s");
    await expect(verify(wire, '{}', CREDENTIAL, later(14))).resolves.toBeUndefined();
  });

  it('with temporary credentials needs their token', async () => {
    const session = { accessKeyId: 'ASIA1', secretAccessKey: 'session secret', sessionToken: 'token' };
    const wire = onTheWire(await sign('ssm', request(), session));
    await expect(verify(wire, '{}', session)).resolves.toBeUndefined();
    await expect(verify(wire, '{}', { ...session, sessionToken: 'other' })).rejects.toMatchObject({
      code: 'InvalidClientTokenId',
    });
  });

  it('that cannot be read is refused', () => {
    const headers = { authorization: 'AWS4-HMAC-SHA256 Credential=x' };
    expect(() => readClaim({ method: 'GET', url: '/', headers })).toThrow(
      'the Authorization header is no AWS4-HMAC-SHA256',
    );
  });

  it('is not claimed by a request without one', () => {
    expect(readClaim({ method: 'GET', url: '/?a=1', headers: { authorization: 'Basic eA==' } })).toBeUndefined();
  });
});

describe('a presigned URL', () => {
  const presign = (seconds = 300) =>
    signer('s3').presign(
      request({ method: 'GET', path: '/bucket/a%20key', query: { 'x-id': 'GetObject' }, headers: {} }),
      {
        signingDate: NOW,
        expiresIn: seconds,
      },
    );

  it('is accepted until it expires', async () => {
    const signed = await signer('s3').presign(
      {
        ...request({ method: 'GET', path: '/bucket/a%20key', body: undefined }),
        headers: { host: '127.0.0.1:4566', 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
      },
      {
        signingDate: NOW,
        expiresIn: 300,
        unhoistableHeaders: new Set(['x-amz-content-sha256']),
        unsignableHeaders: new Set(['x-amz-content-sha256']),
      },
    );
    const wire = onTheWire({ ...signed, headers: { host: '127.0.0.1:4566' } });
    await expect(verify(wire, '')).resolves.toBeUndefined();
    await expect(verify(wire, '', CREDENTIAL, new Date(NOW.getTime() + 301_000))).rejects.toThrow('has expired');
  });

  it('is refused for another key', async () => {
    const wire = onTheWire(await presign());
    await expect(verify({ ...wire, url: wire.url.replace('a%20key', 'other') }, '')).rejects.toMatchObject({
      code: 'SignatureDoesNotMatch',
    });
  });

  it('is refused without a sane expiry', async () => {
    const wire = onTheWire(await presign());
    const url = wire.url.replace('X-Amz-Expires=300', 'X-Amz-Expires=9999999');
    await expect(verify({ ...wire, url }, '')).rejects.toThrow('X-Amz-Expires must be from 1 to 604800 seconds');
  });
});
