export interface FetchRequest {
  readonly url: string;
  readonly timeoutMs: number;
  readonly maxResponseBytes: number;
  readonly signal: AbortSignal;
}

/** Gets a JSON document within limits of time and size; the size is that of the body when unpacked. */
export async function fetchJson(request: FetchRequest): Promise<unknown> {
  const expired = AbortSignal.timeout(request.timeoutMs);
  try {
    const response = await fetch(request.url, {
      headers: { accept: 'application/json' },
      // An address that moves is the operator's to change, not the source's.
      redirect: 'manual',
      signal: AbortSignal.any([expired, request.signal]),
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new Error(`answered ${response.status}, expected 200`);
    }
    return parse(await readLimited(response, request.maxResponseBytes));
  } catch (error) {
    throw expired.aborted ? new Error(`no complete answer within ${request.timeoutMs} ms`) : error;
  }
}

/** Leaving the loop early cancels the rest of the body. */
async function readLimited({ body }: Response, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    if (size > maxBytes) throw new Error(`answered more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new Error('answered something else than JSON in UTF-8');
  }
}
