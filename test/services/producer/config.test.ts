import { producerConfigSchema } from '../../../services/producer/config';

const base = {
  kafka: { brokers: ['kafka:9092'], username: 'producer' },
  topic: { name: 'metals-prices', partitions: 6 },
  metals: { gold: { partition: 0, price: 2_650 } },
};
const problems = (feed: object): string[] => {
  const result = producerConfigSchema.safeParse({ ...base, feed });
  return result.success ? [] : result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
};

describe('feed', () => {
  test.each<[object, string]>([
    [{ kind: 'http' }, 'feed.url: is required: feed.kind is http'],
    [{ kind: 'http', url: 'file:///etc/passwd' }, 'feed.url: must be an http or https address'],
    [{ kind: 'http', url: 'http://user:secret@a/' }, 'feed.url: must not carry a user or password'],
    [{ kind: 'http', url: 'http://a/', rate_per_second: 1 }, 'feed.rate_per_second: must be absent: feed.kind is http'],
    [{ url: 'http://a/' }, 'feed.url: must be absent: feed.kind is simulator'],
    [{ kind: 'simulator', interval_seconds: 5 }, 'feed.interval_seconds: must be absent: feed.kind is simulator'],
    [{ rate_per_second: 1_000, burst_events: 10 }, 'feed.burst_events: must be at least 50 at this rate'],
  ])('%j: %s', (feed, problem) => expect(problems(feed)).toEqual([problem]));

  test.each([
    {},
    { rate_per_second: 0 },
    { kind: 'simulator', rate_per_second: 100, burst_events: 200, seed: 3, volatility: 0.01 },
    { kind: 'http', url: 'https://prices.example/v1?key=x', interval_seconds: 5, timeout_seconds: 2, source: 'lme' },
  ])('takes %j', (feed) => expect(problems(feed)).toEqual([]));
});
