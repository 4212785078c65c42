/** How every client of AWS in the command line is made: region, profile, retries, and the way through a proxy. */
import type { Agent } from 'node:https';

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
