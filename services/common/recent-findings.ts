import { SHOWN_FOR_MS, type Finding, type StateCode } from './health-states';

/** What happened a moment ago and is worth a look, although it is over: the newest of each state, for a minute. */
export class RecentFindings {
  private readonly seen = new Map<StateCode, { readonly detail: string; readonly atMs: number }>();

  constructor(private readonly nowMs: () => number = () => performance.now()) {}

  note(state: StateCode, detail: string): void {
    this.seen.set(state, { detail, atMs: this.nowMs() });
  }

  get list(): Finding[] {
    const since = this.nowMs() - SHOWN_FOR_MS;
    return [...this.seen].filter(([, { atMs }]) => atMs >= since).map(([state, { detail }]) => ({ state, detail }));
  }
}
