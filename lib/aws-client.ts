/** How every client of AWS in the command line is made: region, profile, retries, and the way through a proxy. */
import type { Agent } from 'node:https';
import { DeadlineError } from './ssm/deadline';

export interface ClientSettings {
  readonly region: string | undefined;
  readonly profile: string | undefined;
  /** Set for the lab, which is on this machine: no proxy leads there. */
  readonly endpoint: string | undefined;
  readonly env: NodeJS.ProcessEnv;
}

export interface ClientConfig {
  readonly region: string | undefined;
  readonly profile: string | undefined;
  readonly maxAttempts: number;
  readonly requestHandler?: { readonly httpsAgent: Agent };
}

/** When a call that is not answered ends. */
export interface CallBounds {
  /** Ends every call at once, with its reason. @default never */
  readonly signal?: AbortSignal | undefined;
  /** Of one call, retries included. @default without end */
  readonly timeoutSeconds?: number | undefined;
}

/** Middleware of the step `initialize`, around everything that a call does. */
type AroundCall = <A, R>(
  next: (args: A) => Promise<R>,
  context: { readonly commandName?: string },
) => (args: A) => Promise<R>;

/** What every client of the SDK has to put something around its calls. */
export interface AwsClient {
  readonly middlewareStack: {
    add(middleware: AroundCall, options: { step: 'initialize'; name: string; override?: boolean }): void;
  };
}

/**
 * Bounds every call of a client, its search for credentials included.
 *
 * Whoever waits is told at once; a socket that hangs is left to the end of the process.
 */
export function boundCalls<C extends AwsClient>(client: C, { signal, timeoutSeconds }: CallBounds): C {
  client.middlewareStack.add(
    (next, { commandName = 'a call' }) =>
      async (args) => {
        signal?.throwIfAborted();
        const stopped = new AbortController();
        const ended = new Promise<never>((_, reject) => {
          const end = (error: unknown): void => reject(error as Error);
          const interrupt = (): void => end(signal?.reason);
          signal?.addEventListener('abort', interrupt, { signal: stopped.signal });
          if (timeoutSeconds === undefined) return;
          const what = `AWS's answer to ${commandName.replace(/Command$/, '')}`;
          const timer = setTimeout(() => end(new DeadlineError(what, timeoutSeconds, what)), timeoutSeconds * 1000);
          stopped.signal.addEventListener('abort', () => clearTimeout(timer));
        });
        try {
          return await Promise.race([next(args), ended]);
        } finally {
          stopped.abort();
        }
      },
    { step: 'initialize', name: 'metalsBoundCalls', override: true },
  );
  return client;
}

const MAX_ATTEMPTS = 3;

/** The SDK for JavaScript does not look at HTTPS_PROXY by itself; the CDK CLI and the AWS CLI do. */
export async function clientConfig(settings: ClientSettings): Promise<ClientConfig> {
  const { region, profile } = settings;
  const proxy = proxyOf(settings);
  const plain = { region, profile, maxAttempts: MAX_ATTEMPTS };
  if (proxy === undefined) return plain;
  // Loaded only behind a proxy: every command would wait for it.
  const { HttpsProxyAgent } = await import('https-proxy-agent');
  return { ...plain, requestHandler: { httpsAgent: new HttpsProxyAgent(proxy) } };
}

/** Pure: the proxy that leads to AWS, or undefined when there is none or NO_PROXY exempts AWS. */
export function proxyOf({ endpoint, env }: Pick<ClientSettings, 'endpoint' | 'env'>): string | undefined {
  const proxy = env.HTTPS_PROXY || env.https_proxy;
  if (!proxy || endpoint !== undefined) return undefined;
  const exempt = (env.NO_PROXY || env.no_proxy || '').split(',').map((entry) => entry.trim().replace(/^\*?\./, ''));
  return exempt.some((entry) => entry === '*' || entry === 'amazonaws.com') ? undefined : proxy;
}
