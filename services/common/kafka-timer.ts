import RequestQueue from 'kafkajs/src/network/requestQueue';

interface QueueInternals {
  readonly pending: readonly unknown[];
  readonly throttledUntil: number;
  scheduleCheckPendingRequests(): void;
}

let installed = false;

/**
 * kafkajs 2.2.4 arms a timer for pending requests after every response and again each time it fires, 1 ms later when
 * nothing is throttled: 6 % of a core for ever, per connection. Arm it only while something is pending or throttled.
 */
export function quietPendingRequestTimer(): void {
  if (installed) return;
  const prototype = RequestQueue.prototype as unknown as QueueInternals;
  const original = prototype.scheduleCheckPendingRequests;
  if (typeof original !== 'function') {
    throw new Error('kafkajs has changed: RequestQueue.scheduleCheckPendingRequests is missing, see kafka-timer.ts');
  }
  prototype.scheduleCheckPendingRequests = function schedule(this: QueueInternals): void {
    if (this.pending.length > 0 || this.throttledUntil > Date.now()) original.call(this);
  };
  installed = true;
}
