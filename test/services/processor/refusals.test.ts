import { RecentFindings } from '../../../services/common/recent-findings';
import type { DeadLetter } from '../../../services/processor/process-batch';
import { noteRefusal } from '../../../services/processor/refusals';

const record = { topic: 'metals-prices', partition: 2, offset: '17', key: null, value: null };

test.each([
  [
    'write-refused',
    'MongoDB 11000: unique index price_1 refuses event a',
    'unique-index',
    'unique index price_1 of the prices has refused the event of metals-prices partition 2 offset 17',
  ],
  ['too-large', 'd', 'poison-record', 'metals-prices partition 2 offset 17 is a dead letter, unread: too-large'],
  [
    'unreadable-batch',
    'd',
    'poison-record',
    'metals-prices partition 2 offset 17 is a dead letter, unread: unreadable-batch',
  ],
])('%s %s: %s', (reason, detail, state, text) => {
  const recent = new RecentFindings();
  noteRefusal(recent, { record, reason, detail } as unknown as DeadLetter);
  expect(recent.list).toEqual([{ state, detail: text }]);
});

test.each(['not-json', 'id-conflict', 'write-refused'])('%s is the matter of that record alone', (reason) => {
  const recent = new RecentFindings();
  noteRefusal(recent, { record, reason, detail: 'MongoDB 121: no' } as unknown as DeadLetter);
  expect(recent.list).toEqual([]);
});
