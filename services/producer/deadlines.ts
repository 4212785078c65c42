import { OutcomeUnknownError } from './publisher';

/** Bounds how long a request waits for Kafka: by a time of its own, and all of them together when the replica stops. */
export class Deadlines {
  private readonly waiting = new Set<(reason: string) => void>();

  constructor(private readonly timeoutMs: number) {}

  /** Settles like `work`, or rejects with OutcomeUnknownError; the work itself goes on. */
  race(work: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const expire = (reason: string): void => {
        settle();
        reject(new OutcomeUnknownError(reason));
      };
      const timer = setTimeout(expire, this.timeoutMs, `no answer in ${this.timeoutMs} ms`);
      const settle = (): void => {
        clearTimeout(timer);
        this.waiting.delete(expire);
      };
      this.waiting.add(expire);
      work.then(resolve, reject).finally(settle);
    });
  }

  /** Ends every wait now, so that there is time left to send the answers. */
  expireAll(reason: string): void {
    for (const expire of this.waiting) expire(reason);
  }
}
