/** What was wrong with one field of a request. */
export interface FieldProblem {
  readonly field: string;
  readonly value?: unknown;
  readonly allowed: string;
}

/** An answer other than success, as RFC 9457 problem details. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly slug: string,
    readonly title: string,
    readonly detail: string,
    readonly extra: { readonly errors?: readonly FieldProblem[]; readonly event_id?: string } = {},
    readonly headers: Readonly<Record<string, string>> = {},
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
