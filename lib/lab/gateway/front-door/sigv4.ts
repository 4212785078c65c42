/** AWS Signature Version 4, verified: the request as it came is signed anew with the caller's secret and compared. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { SignatureV4Base, getSigningKey } from '@smithy/signature-v4';
import { AwsError } from '../errors';

export interface Credential {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Temporary credentials come with a token, which must be sent along. */
  readonly sessionToken?: string;
}

/** What a request says about its signature, from the Authorization header or from a presigned URL. */
export interface SignatureClaim {
  readonly accessKeyId: string;
  readonly shortDate: string;
  readonly region: string;
  readonly service: string;
  readonly longDate: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly sessionToken: string | undefined;
  /** For presigned URLs: how long after `longDate` they are good. */
  readonly expiresSeconds: number | undefined;
}

export interface SignedRequest {
  readonly method: string;
  /** Path and query as on the wire. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

const MAX_CLOCK_SKEW_SECONDS = 15 * 60;
const MAX_PRESIGNED_SECONDS = 7 * 24 * 3600;
const AUTHORIZATION =
  /^AWS4-HMAC-SHA256\s+Credential=([^/,\s]+)\/(\d{8})\/([^/,\s]+)\/([^/,\s]+)\/aws4_request,\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})$/;
const CREDENTIAL = /^([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request$/;

const header = (request: SignedRequest, name: string): string | undefined => {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(',') : value;
};

export const splitUrl = (url: string): { path: string; query: URLSearchParams } => {
  const mark = url.indexOf('?');
  return mark < 0
    ? { path: url, query: new URLSearchParams() }
    : { path: url.slice(0, mark), query: new URLSearchParams(url.slice(mark + 1)) };
};

/** Reads the claim; undefined when the request is not signed at all. */
export function readClaim(request: SignedRequest): SignatureClaim | undefined {
  const authorization = header(request, 'authorization');
  if (authorization?.startsWith('AWS4-')) return claimFromHeader(request, authorization);
  const { query } = splitUrl(request.url);
  return query.has('X-Amz-Signature') ? claimFromQuery(query) : undefined;
}

function claimFromHeader(request: SignedRequest, authorization: string): SignatureClaim {
  const parts = AUTHORIZATION.exec(authorization);
  if (!parts)
    throw new AwsError('IncompleteSignature', 'the Authorization header is no AWS4-HMAC-SHA256 signature', 403);
  const [, accessKeyId, shortDate, region, service, signedHeaders, signature] = parts as unknown as string[];
  return {
    accessKeyId: accessKeyId!,
    shortDate: shortDate!,
    region: region!,
    service: service!,
    longDate: header(request, 'x-amz-date') ?? '',
    signedHeaders: signedHeaders!.split(';'),
    signature: signature!,
    sessionToken: header(request, 'x-amz-security-token'),
    expiresSeconds: undefined,
  };
}

function claimFromQuery(query: URLSearchParams): SignatureClaim {
  const parts = CREDENTIAL.exec(query.get('X-Amz-Credential') ?? '');
  if (!parts || query.get('X-Amz-Algorithm') !== 'AWS4-HMAC-SHA256')
    throw new AwsError('AuthorizationQueryParametersError', 'the presigned URL is no AWS4-HMAC-SHA256 signature', 403);
  const [, accessKeyId, shortDate, region, service] = parts as unknown as string[];
  return {
    accessKeyId: accessKeyId!,
    shortDate: shortDate!,
    region: region!,
    service: service!,
    longDate: query.get('X-Amz-Date') ?? '',
    signedHeaders: (query.get('X-Amz-SignedHeaders') ?? '').split(';'),
    signature: query.get('X-Amz-Signature')!,
    sessionToken: query.get('X-Amz-Security-Token') ?? undefined,
    expiresSeconds: Number(query.get('X-Amz-Expires')),
  };
}

/**
 * The SHA-256 that the signature covers: what the client states, or undefined where the body itself must be hashed.
 * A presigned URL of S3 and `UNSIGNED-PAYLOAD` cover no body; streaming signatures state a literal instead.
 */
export function statedPayloadHash(request: SignedRequest, claim: SignatureClaim): string | undefined {
  const stated = header(request, 'x-amz-content-sha256');
  if (stated) return stated;
  return claim.expiresSeconds !== undefined && claim.service === 's3' ? 'UNSIGNED-PAYLOAD' : undefined;
}

export const sha256Hex = (body: Buffer | string): string => createHash('sha256').update(body).digest('hex');

/** Throws AwsError unless the request was signed by the owner of the credential, recently, over these headers and this body. */
export async function verifySignature(
  request: SignedRequest,
  claim: SignatureClaim,
  credential: Credential | undefined,
  payloadHash: string,
  now: Date,
): Promise<void> {
  if (!credential)
    throw new AwsError(
      'UnrecognizedClientException',
      `the lab does not know the access key id '${claim.accessKeyId}'; load its credentials with ". .lab/env"`,
      403,
    );
  if (credential.sessionToken !== undefined && credential.sessionToken !== claim.sessionToken)
    throw new AwsError('InvalidClientTokenId', 'the security token does not belong to the access key id', 403);
  checkTime(claim, now);
  if (!claim.signedHeaders.includes('host'))
    throw new AwsError('SignatureDoesNotMatch', 'the signature does not cover the Host header', 403);
  const expected = await new Signer(claim.service).signatureOf(request, claim, credential, payloadHash);
  if (!timingSafeEqual(Buffer.from(expected), Buffer.from(claim.signature.padEnd(64).slice(0, 64))))
    throw new AwsError(
      'SignatureDoesNotMatch',
      `the signature does not match: the secret access key of '${claim.accessKeyId}' is another one in this lab; load its credentials with ". .lab/env"`,
      403,
    );
}

function checkTime(claim: SignatureClaim, now: Date): void {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(claim.longDate);
  if (!parts || !claim.longDate.startsWith(claim.shortDate))
    throw new AwsError('IncompleteSignature', `the signature's date is '${claim.longDate}', expected x-amz-date`, 403);
  const [year, month, day, hour, minute, second] = parts.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const ageSeconds = (now.getTime() - Date.UTC(year, month - 1, day, hour, minute, second)) / 1000;
  const presigned = claim.expiresSeconds;
  if (presigned !== undefined && !(presigned > 0 && presigned <= MAX_PRESIGNED_SECONDS))
    throw new AwsError('AuthorizationQueryParametersError', 'X-Amz-Expires must be from 1 to 604800 seconds', 403);
  if (ageSeconds > (presigned ?? MAX_CLOCK_SKEW_SECONDS) || ageSeconds < -MAX_CLOCK_SKEW_SECONDS)
    throw new AwsError(
      presigned === undefined ? 'RequestTimeTooSkewed' : 'AccessDenied',
      presigned === undefined
        ? `the request's time ${claim.longDate} differs from the lab's clock by ${Math.round(Math.abs(ageSeconds))} s`
        : 'the presigned URL has expired',
      403,
    );
}

/** The library's canonical form and key derivation, on headers and query exactly as they were signed. */
class Signer extends SignatureV4Base {
  constructor(service: string) {
    super({
      service,
      region: '',
      credentials: { accessKeyId: '', secretAccessKey: '' },
      sha256: NodeSha256,
      // S3 signs the path as it is on the wire; every other service encodes it once more.
      uriEscapePath: service !== 's3',
      applyChecksum: false,
    });
  }

  async signatureOf(
    request: SignedRequest,
    claim: SignatureClaim,
    credential: Credential,
    payloadHash: string,
  ): Promise<string> {
    const { path, query } = splitUrl(request.url);
    const message = { method: request.method, path, query: queryBag(query), headers: {}, protocol: '', hostname: '' };
    const canonicalHeaders = Object.fromEntries(
      claim.signedHeaders.map((name) => [name, (header(request, name) ?? '').trim().replace(/\s+/g, ' ')]),
    );
    const canonicalRequest = this.createCanonicalRequest(
      {
        ...message,
        query: Object.fromEntries(Object.entries(message.query).filter(([name]) => name !== 'X-Amz-Signature')),
      },
      canonicalHeaders,
      payloadHash,
    );
    const scope = `${claim.shortDate}/${claim.region}/${claim.service}/aws4_request`;
    const stringToSign = await this.createStringToSign(claim.longDate, scope, canonicalRequest, 'AWS4-HMAC-SHA256');
    const { accessKeyId, secretAccessKey } = credential;
    const key = await getSigningKey(
      NodeSha256,
      { accessKeyId, secretAccessKey },
      claim.shortDate,
      claim.region,
      claim.service,
    );
    return createHmac('sha256', key).update(stringToSign).digest('hex');
  }
}

function queryBag(query: URLSearchParams): Record<string, string | string[]> {
  const bag: Record<string, string | string[]> = {};
  for (const name of new Set(query.keys())) {
    const values = query.getAll(name);
    bag[name] = values.length === 1 ? values[0]! : values;
  }
  return bag;
}

/** Node's SHA-256 in the shape that the library asks for. */
class NodeSha256 {
  private readonly hash;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    const key = secret instanceof ArrayBuffer ? new Uint8Array(secret) : (secret as string | Uint8Array | undefined);
    this.hash = key === undefined ? createHash('sha256') : createHmac('sha256', key);
  }
  update(data: Uint8Array | string): void {
    this.hash.update(data);
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.hash.digest());
  }
  reset(): void {
    throw new Error('a hash is used once');
  }
}
