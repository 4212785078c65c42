/** Error names by which AWS's services and its SDK say the same thing. This file imports nothing. */

const EXPIRED = [
  'ExpiredToken',
  'ExpiredTokenException',
  'RequestExpired',
  'TokenRefreshRequired',
  'InvalidGrantException',
];
const REFUSED = [
  'AccessDenied',
  'AccessDeniedException',
  'AuthorizationError',
  'AuthorizationErrorException',
  'UnauthorizedOperation',
];
const NOT_SIGNED_RIGHT = [
  'AuthFailure',
  'UnrecognizedClientException',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'SignatureDoesNotMatch',
  'IncompleteSignature',
  'IncompleteSignatureException',
  'MissingAuthenticationToken',
  'MissingAuthenticationTokenException',
];
const UNREACHABLE = ['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EHOSTUNREACH', 'EPIPE'];
const TIMED_OUT = ['TimeoutError', 'ConnectTimeoutError'];

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : '');

/** A refused connection arrives as an AggregateError whose own message and code are empty. */
function codeOf(error: unknown): string {
  const nested = error instanceof AggregateError ? (error.errors[0] as unknown) : undefined;
  const code =
    (error as NodeJS.ErrnoException | undefined)?.code ?? (nested as NodeJS.ErrnoException | undefined)?.code;
  return String(code ?? '');
}

/** The session token was valid once. */
export const isExpired = (error: unknown): boolean => EXPIRED.includes(nameOf(error));

/** AWS knows who asks, and a policy denies the action. */
export const isRefusal = (error: unknown): boolean => REFUSED.includes(nameOf(error));

/** AWS does not know these credentials, or not in this region. */
export const isUnknownSigner = (error: unknown): boolean => NOT_SIGNED_RIGHT.includes(nameOf(error));

/** No answer came back. */
export const isUnreachable = (error: unknown): boolean =>
  UNREACHABLE.includes(codeOf(error)) || TIMED_OUT.includes(nameOf(error));
