import { call, type Answer, type Call } from '../../rig/http';

/** Above the 25 s after which the producer answers by itself. */
const ANSWER_MS = 40_000;

/** @param url base address of a producer */
export function post(
  url: string,
  apiKey: string,
  body: unknown,
  options: Pick<Call, 'timeoutMs' | 'agent'> = {},
): Promise<Answer> {
  return call(`${url}/produce`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', 'x-api-key': apiKey },
    timeoutMs: ANSWER_MS,
    ...options,
  });
}
