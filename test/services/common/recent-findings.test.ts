import { RecentFindings } from '../../../services/common/recent-findings';

test('what happened is shown for a minute, the newest of each state', () => {
  let nowMs = 0;
  const recent = new RecentFindings(() => nowMs);
  recent.note('poison-record', 'offset 1');
  nowMs = 30_000;
  recent.note('unique-index', 'price_1');
  recent.note('poison-record', 'offset 2');
  nowMs = 90_000;
  expect(recent.list).toEqual([
    { state: 'poison-record', detail: 'offset 2' },
    { state: 'unique-index', detail: 'price_1' },
  ]);
  nowMs = 90_001;
  expect(recent.list).toEqual([]);
});
