/** Who may use the Docker registry (/v2/…): holders of a password that GetAuthorizationToken handed out. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type http from 'node:http';
import type { Principal } from '../authorization/principal';
import type { LabReply } from '../types';

const TOKEN_SECONDS = 12 * 3600;
const USER = 'AWS';

export interface RegistryToken {
  /** Base64 of `AWS:<password>`, as ECR answers it. */
  readonly authorizationToken: string;
  readonly expiresAt: number;
}

/** Whose token it is, in the form that the password carries; empty for the deployer's. */
const encodeHolder = (principal: Principal | undefined): string =>
  principal ? Buffer.from(JSON.stringify(principal)).toString('base64url') : '';

const signatureOf = (secret: string, expiresAt: number, holder: string): string =>
  createHmac('sha256', secret).update(`registry token until ${expiresAt} of ${holder}`).digest('hex');

/** A password that says until when and whose it is, and proves that this lab made it; nothing needs to be remembered. */
export function issueToken(secret: string, now: Date, principal?: Principal): RegistryToken {
  const expiresAt = Math.floor(now.getTime() / 1000) + TOKEN_SECONDS;
  const holder = encodeHolder(principal);
  const password = `${expiresAt}.${holder}.${signatureOf(secret, expiresAt, holder)}`;
  return { authorizationToken: Buffer.from(`${USER}:${password}`).toString('base64'), expiresAt };
}

/** Why a registry request is refused, or who got the token: a request of Docker acts under that role. */
export type RegistryAccess = { readonly refusal: string } | { readonly principal: Principal | undefined };

export function readToken(authorization: string | undefined, secret: string, now: Date): RegistryAccess {
  const encoded = /^Basic\s+(\S+)$/i.exec(authorization ?? '')?.[1];
  if (!encoded) return { refusal: 'no basic auth credentials' };
  const [user, password = ''] = Buffer.from(encoded, 'base64').toString().split(':');
  const [expiry, holder = '', signature = ''] = password.split('.');
  const expiresAt = Number(expiry);
  const expected = signatureOf(secret, expiresAt, holder);
  if (user !== USER || signature.length !== expected.length) return { refusal: 'not authorized' };
  if (!timingSafeEqual(Buffer.from(signature), Buffer.from(expected))) return { refusal: 'not authorized' };
  if (now.getTime() / 1000 > expiresAt)
    return { refusal: 'your authorization token has expired: reauthenticate and try again' };
  return { principal: holder ? (JSON.parse(Buffer.from(holder, 'base64url').toString()) as Principal) : undefined };
}

/** Docker's client sends credentials only after this challenge. */
export const registryChallenge = (reason: string): LabReply => ({
  status: 401,
  headers: {
    'www-authenticate': 'Basic realm="metals lab registry"',
    'docker-distribution-api-version': 'registry/2.0',
  },
  contentType: 'application/json',
  body: JSON.stringify({ errors: [{ code: 'UNAUTHORIZED', message: reason }] }),
});

/** What Docker is told where a permission is missing. */
export const registryDenial = (reason: string): LabReply => ({
  status: 403,
  headers: { 'docker-distribution-api-version': 'registry/2.0' },
  contentType: 'application/json',
  body: JSON.stringify({ errors: [{ code: 'DENIED', message: reason }] }),
});

/** True for requests of Docker's registry protocol; signed requests under /v2 belong to other services. */
export const isRegistryRequest = (message: http.IncomingMessage): boolean =>
  /^\/v2(\/|$|\?)/.test(message.url!) && !(message.headers.authorization ?? '').startsWith('AWS4-');
