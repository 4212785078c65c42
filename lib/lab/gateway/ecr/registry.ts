/** Who may use the Docker registry (/v2/…): holders of a password that GetAuthorizationToken handed out. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type http from 'node:http';
import type { LabReply } from '../types';

const TOKEN_SECONDS = 12 * 3600;
const USER = 'AWS';

export interface RegistryToken {
  /** Base64 of `AWS:<password>`, as ECR answers it. */
  readonly authorizationToken: string;
  readonly expiresAt: number;
}

const signatureOf = (secret: string, expiresAt: number): string =>
  createHmac('sha256', secret).update(`registry token until ${expiresAt}`).digest('hex');

/** A password that says until when it is good and proves that this lab made it; nothing needs to be remembered. */
export function issueToken(secret: string, now: Date): RegistryToken {
  const expiresAt = Math.floor(now.getTime() / 1000) + TOKEN_SECONDS;
  const password = `${expiresAt}.${signatureOf(secret, expiresAt)}`;
  return { authorizationToken: Buffer.from(`${USER}:${password}`).toString('base64'), expiresAt };
}

/** Why a registry request is refused; undefined when its Basic authorization holds. */
export function refuseRegistry(authorization: string | undefined, secret: string, now: Date): string | undefined {
  const encoded = /^Basic\s+(\S+)$/i.exec(authorization ?? '')?.[1];
  if (!encoded) return 'no basic auth credentials';
  const [user, password = ''] = Buffer.from(encoded, 'base64').toString().split(':');
  const [expiry, signature = ''] = password.split('.');
  const expiresAt = Number(expiry);
  const expected = signatureOf(secret, expiresAt);
  if (user !== USER || signature.length !== expected.length) return 'not authorized';
  if (!timingSafeEqual(Buffer.from(signature), Buffer.from(expected))) return 'not authorized';
  return now.getTime() / 1000 > expiresAt
    ? 'your authorization token has expired: reauthenticate and try again'
    : undefined;
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

/** True for requests of Docker's registry protocol; signed requests under /v2 belong to other services. */
export const isRegistryRequest = (message: http.IncomingMessage): boolean =>
  /^\/v2(\/|$|\?)/.test(message.url!) && !(message.headers.authorization ?? '').startsWith('AWS4-');
