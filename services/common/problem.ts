/** What was wrong with one field of a request. */
export interface FieldProblem {
  readonly field: string;
  readonly value?: unknown;
  readonly allowed: string;
}

export interface ProblemExtra {
  readonly errors?: readonly FieldProblem[];
  readonly event_id?: string;
  readonly timestamp?: string;
  /** For an array of events: what became of each. */
  readonly results?: readonly object[];
}

/** An answer other than success, as RFC 9457 problem details. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly slug: string,
    readonly title: string,
    readonly detail: string,
    readonly extra: ProblemExtra = {},
    readonly headers: Readonly<Record<string, string>> = {},
    /** For the log besides status and slug: ids and counts, never what a client sent. */
    readonly log: Readonly<Record<string, unknown>> = {},
  ) {
    super(detail);
    this.name = 'Problem';
  }

  toJSON(): object {
    return {
      type: `urn:metals:problem:${this.slug}`,
      title: this.title,
      status: this.status,
      detail: this.detail,
      ...this.extra,
    };
  }
}

const RETRY_AFTER_SECONDS = 5;
export const retryAfter: Readonly<Record<string, string>> = { 'retry-after': String(RETRY_AFTER_SECONDS) };

/** 503: nothing was done, and the same request may succeed later. */
export const unavailable = (slug: string, detail: string): Problem =>
  new Problem(503, slug, 'Service unavailable', `nothing was sent: ${detail}`, {}, retryAfter);
