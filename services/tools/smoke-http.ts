const REQUEST_TIMEOUT_MS = 10_000;

export interface SentEvent {
  readonly event_id: string;
  readonly timestamp: string;
}

const withTimeout = (): AbortSignal => AbortSignal.timeout(REQUEST_TIMEOUT_MS);

/** One line of a service's health, or an error that carries what it answered. */
export async function getHealth(url: string): Promise<string> {
  const response = await fetch(`${url}/health`, { signal: withTimeout() });
  const text = await response.text();
  if (response.status !== 200)
    throw new Error(`${url}/health answered ${response.status}: ${text.slice(0, 300).trim()}`);
  const health = JSON.parse(text) as Record<string, unknown>;
  if (health.status !== 'healthy') throw new Error(`${url}/health says ${text.slice(0, 300).trim()}`);
  const mongo = health.mongodb_status === undefined ? '' : `, mongodb_status ${String(health.mongodb_status)}`;
  return `${String(health.service)} ${String(health.version)} is healthy, kafka_connected ${String(health.kafka_connected)}${mongo}, processed_count ${String(health.processed_count)}`;
}

/** Sends one event; it carries its id, so that sending it again stores nothing twice. */
export async function postEvent(url: string, apiKey: string, event: object): Promise<SentEvent> {
  const response = await fetch(`${url}/produce`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': apiKey },
    body: JSON.stringify(event),
    signal: withTimeout(),
  });
  const text = await response.text();
  if (response.status !== 202)
    throw new Error(`${url}/produce answered ${response.status}: ${text.slice(0, 300).trim()}`);
  return JSON.parse(text) as SentEvent;
}
