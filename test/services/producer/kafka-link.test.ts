import { KafkaLink } from '../../../services/producer/kafka-link';
import type { Publisher } from '../../../services/producer/publisher';
import { KafkaUnavailableError } from '../../../services/producer/publisher';

function link(patienceMs: number) {
  const published: unknown[] = [];
  const publisher = {
    connected: true,
    problem: undefined,
    publish: async (events: unknown) => void published.push(events),
  };
  const watch = { ok: true, problem: undefined as string | undefined, isAboutTopics: false };
  return { watch, publisher, published, kafka: new KafkaLink(watch, publisher as unknown as Publisher, patienceMs) };
}

test('before Kafka was ever there nothing waits for it', async () => {
  const { kafka, watch } = link(5_000);
  Object.assign(watch, { ok: false, problem: 'Kafka: not yet' });
  await expect(kafka.publish([])).rejects.toThrow(new KafkaUnavailableError('Kafka: not yet'));
});

test('what comes soon after Kafka was lost waits with what was there, and later nothing does', async () => {
  const { kafka, watch, published } = link(100);
  await kafka.publish([]);
  Object.assign(watch, { ok: false, problem: 'Kafka: gone' });
  await kafka.publish([]);
  expect(published).toHaveLength(2);
  // It is not called connected for that.
  expect(kafka.ready).toBe(false);
  await new Promise((resolve) => setTimeout(resolve, 120));
  await expect(kafka.publish([])).rejects.toThrow('Kafka: gone');
});

test('a topic that is not as configured is refused at once', async () => {
  const { kafka, watch } = link(5_000);
  await kafka.publish([]);
  Object.assign(watch, { ok: false, problem: 'Kafka: topic t has 3 partitions', isAboutTopics: true });
  await expect(kafka.publish([])).rejects.toThrow('has 3 partitions');
});
