import type { PriceEvent } from '../../../services/common/event';
import { Problem } from '../../../services/common/problem';
import { SimulatedFeed, type FeedResult } from '../../../services/producer/feed';
import { feedSettings, readFeedSettings } from '../../../services/producer/feed-settings';

const event = { event_id: 'x' } as PriceEvent;

/** A feed with a clock of its own: `at` ticks at a time, and returns how many events that published. */
function subject(ratePerSecond: number, burstEvents?: number) {
  let nowMs = 0;
  let room = Number.POSITIVE_INFINITY;
  let fails = false;
  const results: [FeedResult, number][] = [];
  let published: number[] = [];
  const feed = new SimulatedFeed({
    next: () => event,
    settings: feedSettings(ratePerSecond, burstEvents),
    now: () => nowMs,
    room: () => room,
    publish: async (events) => {
      if (fails) throw new Error('away');
      published.push(events.length);
    },
    onResult: (result, count) => void results.push([result, count]),
  });
  const at = (ms: number): number[] => {
    nowMs = ms;
    published = [];
    feed.tick();
    return published;
  };
  return { feed, at, results, setRoom: (value: number) => (room = value), setFails: () => (fails = true) };
}

describe('SimulatedFeed', () => {
  test('keeps its rate, with fractions carried on', () => {
    const { at } = subject(10);
    expect([at(99), at(100), at(150), at(250), at(300)]).toEqual([[], [1], [], [1], [1]]);
  });

  test('makes up for a stall with one burst, and drops the rest', () => {
    const { at, results } = subject(10, 25);
    expect(at(10_000)).toEqual([25]);
    expect(results).toEqual([['skipped', 75]]);
    expect(at(10_100)).toEqual([1]);
  });

  test('a large burst is published in groups that the broker takes', () => {
    expect(subject(10_000, 1_200).at(1_000)).toEqual([500, 500, 200]);
  });

  test('a stall makes up for one second by default', () => expect(subject(10).at(60_000)).toEqual([10]));

  test('leaves the room in the queue to clients', () => {
    const { at, setRoom, results } = subject(10);
    setRoom(0);
    expect(at(400)).toEqual([]);
    setRoom(3);
    expect(at(500)).toEqual([3]);
    setRoom(9);
    expect(at(500)).toEqual([2]);
    expect(results.filter(([result]) => result === 'skipped')).toEqual([]);
  });

  test('counts what was sent and what failed', async () => {
    const { at, results, setFails } = subject(10);
    at(200);
    setFails();
    at(300);
    await new Promise((resolve) => setImmediate(resolve));
    expect(results).toEqual([
      ['sent', 2],
      ['failed', 1],
    ]);
  });

  test('new settings hold at once, and drop what was due under the old ones', () => {
    const { feed, at } = subject(1_000, 500);
    feed.apply(feedSettings(2));
    expect(feed.state).toEqual({ kind: 'simulator', rate_per_second: 2, burst_events: 2 });
    expect([at(499), at(500)]).toEqual([[], [1]]);
    void feed.stop();
  });

  test('a rate of 0 pauses it, and another one starts it again', () => {
    const { feed, at } = subject(10);
    feed.apply(feedSettings(0));
    expect(at(60_000)).toEqual([]);
    feed.apply(feedSettings(10));
    expect(at(60_100)).toEqual([1]);
    void feed.stop();
  });
});

describe('readFeedSettings', () => {
  const refusal = (body: unknown): Problem => {
    try {
      readFeedSettings(body);
    } catch (error) {
      if (error instanceof Problem) return error;
      throw error;
    }
    throw new Error(`accepted ${JSON.stringify(body)}`);
  };

  test.each<[unknown, string]>([
    [null, '(settings)'],
    [[], '(settings)'],
    [{}, 'rate_per_second'],
    [{ rate_per_second: -1 }, 'rate_per_second'],
    [{ rate_per_second: 10_001 }, 'rate_per_second'],
    [{ rate_per_second: '5' }, 'rate_per_second'],
    [{ rate_per_second: Number.POSITIVE_INFINITY }, 'rate_per_second'],
    [{ rate_per_second: 1, burst_events: 0 }, 'burst_events'],
    [{ rate_per_second: 1, burst_events: 1.5 }, 'burst_events'],
    [{ rate_per_second: 1_000, burst_events: 49 }, 'burst_events'],
    [{ rate_per_second: 1, brust_events: 5 }, 'brust_events'],
  ])('refuses %j and names the field', (body, field) => {
    const { status, slug, extra } = refusal(body);
    expect({ status, slug, field: extra.errors?.[0].field }).toEqual({ status: 400, slug: 'invalid-feed', field });
  });

  test.each<[object, number]>([
    [{ rate_per_second: 0 }, 1],
    [{ rate_per_second: 0.2 }, 1],
    [{ rate_per_second: 20.5 }, 21],
    [{ rate_per_second: 1_000, burst_events: 50 }, 50],
  ])('takes %j with a burst of %i', (body, burst) => expect(readFeedSettings(body).burst_events).toBe(burst));
});
