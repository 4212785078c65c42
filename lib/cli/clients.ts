/** Clients of AWS for one command: with its profile, its way through a proxy, its time, and Ctrl-C. */
import { boundCalls, clientConfig, type AwsClient, type ClientConfig } from '../aws-client';
import type { Context } from './context';

export type Caller = Pick<Context, 'profile' | 'endpoint' | 'terminal' | 'interrupted' | 'timeoutSeconds'>;

/** Makes a client of the class that it is given. */
export type MakeClient = <C extends AwsClient>(Client: new (config: ClientConfig) => C) => C;

/** @param region missing: the profile's */
export async function clientsOf(
  { profile, endpoint, terminal, interrupted: signal, timeoutSeconds }: Caller,
  region: string | undefined,
): Promise<MakeClient> {
  const config = await clientConfig({ region, profile, endpoint, env: terminal.io.env });
  return (Client) => boundCalls(new Client(config), { signal, timeoutSeconds });
}
