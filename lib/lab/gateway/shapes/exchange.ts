/** One request and its answer, as they passed the gateway, and what is wrong with them. */

export interface Exchange {
  readonly method: string;
  /** Path and query as the request's line has them. */
  readonly url: string;
  readonly requestHeaders: Readonly<Record<string, string | undefined>>;
  /** Undefined where the gateway has not kept it whole. */
  readonly requestBody: Buffer | undefined;
  readonly status: number;
  readonly answerHeaders: Readonly<Record<string, string | undefined>>;
  readonly answerBody: Buffer | undefined;
}

export interface Problem {
  readonly operation: string;
  readonly side: 'request' | 'answer';
  /** Holds no value of the caller's. */
  readonly problem: string;
}
