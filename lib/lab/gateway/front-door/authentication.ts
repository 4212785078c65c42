/** Decides whether a request for an AWS service may pass: signed, by a known key, for the lab's region. */
import type http from 'node:http';
import { LAB_REGION } from '../../../contract';
import type { Principal } from '../authorization/principal';
import { AwsError } from '../errors';
import { readBody } from '../ministack/forward';
import {
  readClaim,
  sha256Hex,
  statedPayloadHash,
  verifySignature,
  type Credential,
  type SignatureClaim,
  type SignedRequest,
} from './sigv4';

/** A credential and whose it is; what has no principal is the deployer's, and not judged. */
export interface KnownCredential extends Credential {
  readonly principal?: Principal;
}

export interface Authentication {
  readonly labSecret: string;
  readonly credentialOf: (accessKeyId: string) => KnownCredential | undefined;
  /** The Lambda function that has the key; undefined for ministack's own calls. Throws AwsError for an unknown key. */
  readonly functionOf: (accessKeyId: string) => Promise<Principal | undefined>;
}

export interface Authenticated {
  readonly service: string;
  /** The body, where verifying took reading it. */
  readonly body: Buffer | undefined;
  /** Under whose role the call is judged; undefined where it is not judged. */
  readonly principal: Principal | undefined;
}

/** Services without regions; their clients sign for us-east-1 wherever they are. */
const GLOBAL_SERVICES = new Set(['iam', 'sts', 'route53', 'cloudfront', 'organizations', 'budgets', 'ce', 'account']);
/** `UNSIGNED-PAYLOAD`, `STREAMING-…`: the signature covers no hash of the whole body. */
const IS_HASH = /^[0-9a-f]{64}$/;

const signedRequest = (message: http.IncomingMessage): SignedRequest => ({
  method: message.method!,
  url: message.url!,
  headers: message.headers,
});

/** The service that a request names, for the format of an error about it. */
export function claimedService(message: http.IncomingMessage): string | undefined {
  try {
    return readClaim(signedRequest(message))?.service;
  } catch {
    // The error being answered is about exactly this: the request names no service that can be read.
    return undefined;
  }
}

export function checkRegion(claim: Pick<SignatureClaim, 'region' | 'service'>): void {
  if (claim.region === LAB_REGION || (claim.region === 'us-east-1' && GLOBAL_SERVICES.has(claim.service))) return;
  throw new AwsError(
    'InvalidRegion',
    `the request is for region '${claim.region}', expected '${LAB_REGION}', the only one that the lab has; ` +
      `run ". .lab/env", or set AWS_REGION=${LAB_REGION} and AWS_DEFAULT_REGION=${LAB_REGION}`,
  );
}

export async function authenticate(
  authentication: Authentication,
  trusted: boolean,
  message: http.IncomingMessage,
): Promise<Authenticated> {
  const request = signedRequest(message);
  const claim = readClaim(request);
  if (!claim)
    throw new AwsError('MissingAuthenticationToken', 'the request is not signed; run ". .lab/env" and try again', 403);
  checkRegion(claim);
  if (trusted)
    return { service: claim.service, body: undefined, principal: await authentication.functionOf(claim.accessKeyId) };
  const stated = statedPayloadHash(request, claim);
  const body = stated === undefined ? await readBody(message) : undefined;
  const payloadHash = stated ?? sha256Hex(body!);
  const credential = authentication.credentialOf(claim.accessKeyId);
  await verifySignature(request, claim, credential, payloadHash, new Date());
  return { service: claim.service, body, principal: credential?.principal };
}

/** For bodies that are read anyway: they must be those that were signed. */
export function checkBody(message: http.IncomingMessage, body: Buffer): void {
  const stated = message.headers['x-amz-content-sha256'];
  if (typeof stated === 'string' && IS_HASH.test(stated) && stated !== sha256Hex(body))
    throw new AwsError('XAmzContentSHA256Mismatch', 'the body is not the one that was signed');
}
