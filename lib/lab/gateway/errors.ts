/** An error that the caller of an AWS API sees: a 400 in the service's own wire format, with this code. */
export class AwsError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status: number = 400,
  ) {
    super(message);
    this.name = 'AwsError';
  }
}

/** ministack refused what the gateway asked of it. */
export class UpstreamError extends AwsError {
  constructor(
    readonly operation: string,
    code: string,
    message: string,
    status: number,
  ) {
    super(code, `${operation}: ${code}: ${message}`, status);
    this.name = 'UpstreamError';
  }
}

/** True where a thing is gone already, so that deleting it twice is no failure. */
export const isNotFound = (error: unknown): boolean =>
  error instanceof UpstreamError && /NotFound|NoSuchEntity|DoesNotExist/i.test(error.code);

/** Awaits a deletion and takes "it is gone already" for success. */
export async function ignoreNotFound(deletion: Promise<unknown>): Promise<void> {
  try {
    await deletion;
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
