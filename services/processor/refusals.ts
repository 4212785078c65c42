import type { RecentFindings } from '../common/recent-findings';
import type { DeadLetter } from './process-batch';
import { refusingIndex } from './store';

/** Reasons of records that nobody has read, for what that would cost. */
const UNREAD: ReadonlySet<string> = new Set(['unreadable-batch', 'too-large']);

/** Dead letters that tell of more than their own record: somebody has to do something. */
export function noteRefusal(recent: RecentFindings, { record, reason, detail }: DeadLetter): void {
  const at = `${record.topic} partition ${record.partition} offset ${record.offset}`;
  if (UNREAD.has(reason)) recent.note('poison-record', `${at} is a dead letter, unread: ${reason}`);
  const index = refusingIndex(detail);
  if (index !== undefined) {
    recent.note('unique-index', `unique index ${index} of the prices has refused the event of ${at}`);
  }
}
