import type http from 'node:http';
import { instancePrincipal } from '../../../../../lib/lab/gateway/authorization/principal';
import { isRegistryRequest, issueToken, readToken } from '../../../../../lib/lab/gateway/ecr/registry';

const SECRET = 'the secret of this lab';
const NOW = new Date('2026-11-22T12:00:00Z');
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

describe('registry tokens', () => {
  const { authorizationToken, expiresAt } = issueToken(SECRET, NOW);

  it('are good for twelve hours', () => {
    expect(expiresAt).toBe(NOW.getTime() / 1000 + 43_200);
    expect(readToken(`Basic ${authorizationToken}`, SECRET, NOW)).toEqual({ principal: undefined });
    expect(readToken(`Basic ${authorizationToken}`, SECRET, new Date((expiresAt + 1) * 1000))).toEqual({
      refusal: expect.stringMatching(/expired/),
    });
  });

  it.each([
    ['nothing', undefined, 'no basic auth credentials'],
    ['a bearer token', 'Bearer x', 'no basic auth credentials'],
    ['the emulator’s own token', basic('AWS:ministack-auth-token'), 'not authorized'],
    ['a longer life', basic(`AWS:9999999999..${'0'.repeat(64)}`), 'not authorized'],
    [
      'another user',
      basic(`root:${Buffer.from(issueToken(SECRET, NOW).authorizationToken, 'base64').toString().slice(4)}`),
      'not authorized',
    ],
  ])('refuse %s', (_what, authorization, reason) => {
    expect(readToken(authorization, SECRET, NOW)).toEqual({ refusal: reason });
  });

  it("refuse another lab's token", () => {
    expect(readToken(`Basic ${issueToken('other', NOW).authorizationToken}`, SECRET, NOW)).toEqual({
      refusal: 'not authorized',
    });
  });

  it('say whose they are, and nobody can make one his own', () => {
    const worker = instancePrincipal('worker', 'i-1');
    const token = issueToken(SECRET, NOW, worker).authorizationToken;
    expect(readToken(`Basic ${token}`, SECRET, NOW)).toEqual({ principal: worker });
    const [expiry, , signature] = Buffer.from(token, 'base64').toString().slice('AWS:'.length).split('.');
    const manager = Buffer.from(JSON.stringify(instancePrincipal('manager', 'i-1'))).toString('base64url');
    for (const holder of [manager, '']) {
      const forged = basic(`AWS:${expiry}.${holder}.${signature}`);
      expect(readToken(forged, SECRET, NOW)).toEqual({ refusal: 'not authorized' });
    }
  });
});

describe('isRegistryRequest', () => {
  it.each([
    ['/v2', undefined, true],
    ['/v2/', undefined, true],
    ['/v2/app/blobs/uploads/?digest=x', 'Basic eA==', true],
    ['/v2/apis', 'AWS4-HMAC-SHA256 Credential=…', false],
    ['/v20/x', undefined, false],
    ['/bucket/v2/', undefined, false],
  ])('%s with %s: %s', (url, authorization, expected) => {
    expect(isRegistryRequest({ url, headers: { authorization } } as http.IncomingMessage)).toBe(expected);
  });
});
