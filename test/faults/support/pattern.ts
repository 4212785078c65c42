/** Which requests a load sends, and how often each kind comes. */

export interface PatternOptions {
  /** Every n-th single event is followed by one with its id, another price, and in turn its time, a later or an earlier one. @default 40 */
  readonly conflictEvery?: number;
  /** Every n-th single event is sent again after it was acknowledged, as by a client that missed the answer. @default 25 */
  readonly repeatEvery?: number;
  /** Every n-th request is an array, with a wrong event in its midst. @default 15 */
  readonly arrayEvery?: number;
  /** Every n-th request is an event without id and time; it is not repeated, for that would be another event. @default 12 */
  readonly namelessEvery?: number;
}

export type Planned =
  | { readonly kind: 'array' }
  | { readonly kind: 'nameless' }
  | { readonly kind: 'single'; readonly isRepeated: boolean; readonly hasRival: boolean };

/** Single events are counted by themselves: by a count of all, the multiples of one number may fall into arrays alone. */
export class Pattern {
  private requests = 0;
  private singles = 0;

  constructor(private readonly options: PatternOptions) {}

  next(): Planned {
    const { conflictEvery = 40, repeatEvery = 25, arrayEvery = 15, namelessEvery = 12 } = this.options;
    this.requests += 1;
    if (this.requests % arrayEvery === 0) return { kind: 'array' };
    if (this.requests % namelessEvery === 0) return { kind: 'nameless' };
    this.singles += 1;
    const isDue = (every: number): boolean => this.singles % every === 0;
    return { kind: 'single', isRepeated: isDue(repeatEvery), hasRival: isDue(conflictEvery) };
  }
}
