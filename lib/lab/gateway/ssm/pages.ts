/** Pure: the pieces in which Systems Manager answers lists. */
import { AwsError } from '../errors';

const MOST_ITEMS = 50;

interface PageRequest {
  readonly MaxResults?: number;
  readonly NextToken?: string;
}

/** One page, and the token of the next one. */
export function pageOf<T>(
  items: readonly T[],
  { MaxResults = MOST_ITEMS, NextToken }: PageRequest,
): { readonly items: readonly T[]; readonly NextToken?: string } {
  const from = NextToken === undefined ? 0 : Number(NextToken);
  if (!Number.isInteger(from)) throw new AwsError('InvalidNextToken', `token '${NextToken}' is none of the lab's`);
  const next = from + Math.min(MaxResults, MOST_ITEMS);
  return { items: items.slice(from, next), ...(next < items.length && { NextToken: String(next) }) };
}

/** The answer of a list: one page under this name, as the API shows each item. */
export function pageReply<T>(
  name: string,
  items: readonly T[],
  request: PageRequest,
  view: (item: T) => unknown = (item) => item,
): Record<string, unknown> {
  const { items: shown, NextToken } = pageOf(items, request);
  return { [name]: shown.map((item) => view(item)), ...(NextToken && { NextToken }) };
}
