/** Pure: what ListCommands is asked for [API reference: CommandFilter]. */
import { AwsError } from '../errors';
import type { CommandRecord } from './command-records';

interface Filter {
  readonly key: string;
  readonly value: string;
}

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
