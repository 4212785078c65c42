/**
 * Whether the broker has answered with one of these errors, by their names in kafkajs, which wraps the answer in errors that
 * say no more than its text. https://kafka.apache.org/protocol.html#protocol_error_codes
 */
export function isKafkaError(error: unknown, types: ReadonlySet<string>): boolean {
  if (!(error instanceof Error)) return false;
  const { type, errors } = error as { readonly type?: unknown; readonly errors?: unknown };
  return (
    (typeof type === 'string' && types.has(type)) ||
    // One for each topic that was to be made.
    (Array.isArray(errors) && errors.some((each) => isKafkaError(each, types))) ||
    isKafkaError(error.cause, types)
  );
}
