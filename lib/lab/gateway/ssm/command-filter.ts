/** Pure: what ListCommands is asked for [API reference: CommandFilter], and in which pieces it answers. */
import { AwsError } from '../errors';
import type { CommandRecord } from './command-records';

interface Filter {
  readonly key: string;
  readonly value: string;
}

const MOST_ITEMS = 50;

/** @throws AwsError for a filter that the lab does not know */
export function commandFilter(filters: readonly Filter[] = []): (command: CommandRecord) => boolean {
  const all = filters.map(({ key, value }) => {
    const matches = FILTERS[key];
    if (!matches)
      throw new AwsError('InvalidFilterKey', `filter key '${key}'; the lab knows ${Object.keys(FILTERS).join(', ')}`);
    return (command: CommandRecord) => matches(command, value);
  });
  return (command) => all.every((matches) => matches(command));
}

const FILTERS: Readonly<Record<string, (command: CommandRecord, value: string) => boolean>> = {
  InvokedAfter: ({ requestedTime }, value) => requestedTime > Date.parse(value) / 1000,
  InvokedBefore: ({ requestedTime }, value) => requestedTime < Date.parse(value) / 1000,
  Status: ({ status }, value) => status === value,
  DocumentName: ({ documentName }, value) => documentName === value,
};

/** One page, and the token of the next one. */
export function pageOf<T>(
  items: readonly T[],
  { MaxResults = MOST_ITEMS, NextToken }: { readonly MaxResults?: number; readonly NextToken?: string },
): { readonly items: readonly T[]; readonly NextToken?: string } {
  const from = NextToken === undefined ? 0 : Number(NextToken);
  if (!Number.isInteger(from)) throw new AwsError('InvalidNextToken', `token '${NextToken}' is none of the lab's`);
  const next = from + Math.min(MaxResults, MOST_ITEMS);
  return { items: items.slice(from, next), ...(next < items.length && { NextToken: String(next) }) };
}
