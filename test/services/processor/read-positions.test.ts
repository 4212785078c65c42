import { ReadPositions } from '../../../services/processor/read-positions';

test('the end of a partition that holds no record counts as read once the records before it are committed', () => {
  const positions = new ReadPositions();
  expect(positions.isReadTo(0, 5n, 8n)).toBe(false);
  positions.handedOver(0, '6');
  positions.passedOver(0, '7');
  expect(positions.isReadTo(0, 5n, 8n)).toBe(false);
  expect(positions.isReadTo(0, 7n, 8n)).toBe(true);
  expect(positions.isReadTo(0, 7n, 9n)).toBe(false);
  expect(positions.isReadTo(1, 7n, 8n)).toBe(false);
  positions.clear();
  expect(positions.isReadTo(0, 7n, 8n)).toBe(false);
});
