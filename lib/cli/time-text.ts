/**
 * Pure: the time of a line, in UTC: of one of another day with its date.
 *
 * @param at as ISO 8601, milliseconds included
 */
export function timeText(at: string, now = new Date()): string {
  const [date, time = ''] = at.split('T');
  const short = time.slice(0, '02:57:34.260'.length);
  return now.toISOString().startsWith(`${date}T`) ? short : `${date} ${short}`;
}
