import { isKafkaError } from '../../../services/common/kafka-error';

const TYPES = new Set(['MESSAGE_TOO_LARGE']);
const typed = (type: unknown, options?: ErrorOptions): Error => Object.assign(new Error('refused', options), { type });

test.each<[string, unknown, boolean]>([
  ['the answer itself', typed('MESSAGE_TOO_LARGE'), true],
  ['an error that wraps it', new Error('gave up', { cause: typed('MESSAGE_TOO_LARGE') }), true],
  ['another answer', typed('TOPIC_AUTHORIZATION_FAILED'), false],
  ['an error without a type', new Error('Connection timeout'), false],
  ['what is no error', 'MESSAGE_TOO_LARGE', false],
  ['nothing', undefined, false],
])('%s', (_, error, expected) => {
  expect(isKafkaError(error, TYPES)).toBe(expected);
});
