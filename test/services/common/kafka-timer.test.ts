import RequestQueue from 'kafkajs/src/network/requestQueue';
import { quietPendingRequestTimer } from '../../../services/common/kafka-timer';

interface Queue {
  pending: unknown[];
  throttledUntil: number;
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  checkPendingRequests(): void;
  destroy(): void;
}

function queue(): Queue {
  const Constructor = RequestQueue as unknown as new (options: object) => Queue;
  const logger = { debug: () => undefined };
  return new Constructor({ maxInFlightRequests: null, requestTimeout: 1_000, logger, clientId: 'c', broker: 'b' });
}

describe('quietPendingRequestTimer', () => {
  beforeAll(() => quietPendingRequestTimer());

  test('arms no timer while nothing is pending', () => {
    const idle = queue();
    idle.checkPendingRequests();
    expect(idle.throttleCheckTimeoutId).toBeNull();
  });

  test('arms one while the broker throttles', () => {
    const throttled = queue();
    throttled.throttledUntil = Date.now() + 60_000;
    throttled.checkPendingRequests();
    expect(throttled.throttleCheckTimeoutId).not.toBeNull();
    throttled.destroy();
  });

  test('arms one while a request is pending', () => {
    const busy = queue();
    busy.throttledUntil = Date.now() + 50;
    busy.pending.push({});
    busy.checkPendingRequests();
    expect(busy.throttleCheckTimeoutId).not.toBeNull();
    busy.destroy();
  });
});
