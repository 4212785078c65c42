/** Whom the services log in as: each version of a password has a user of its own. */
import { STACK_NAME, type Principal } from '../../../lib/contract';
import { onManager } from './nodes';
import { password } from './secrets';

export type PasswordSecret = 'kafka-password' | 'mongodb-password';
export type ServicePrincipal = Exclude<Principal, 'admin'>;

export interface Login {
  readonly username: string;
  readonly password: string;
}

/** Names of the Docker secrets that a service has. */
export async function secretsOf(service: string): Promise<string[]> {
  const format = '{{json .Spec.TaskTemplate.ContainerSpec.Secrets}}';
  const listed = await onManager('service', 'inspect', `${STACK_NAME}_${service}`, '--format', format);
  return (JSON.parse(listed) as { SecretName: string }[]).map(({ SecretName }) => SecretName);
}

/** The name of the Docker secret that a principal's service has. */
export async function dockerSecret(id: PasswordSecret, principal: ServicePrincipal): Promise<string> {
  const found = (await secretsOf(principal)).filter((name) => name.startsWith(`${id}-${principal}-`));
  if (found.length !== 1) throw new Error(`${principal} has ${found.length} secrets of ${id}: ${found.join(', ')}`);
  return found[0]!;
}

export async function login(id: PasswordSecret, principal: ServicePrincipal): Promise<Login> {
  const name = await dockerSecret(id, principal);
  return { username: name.slice(id.length + 1), password: await password(id, principal) };
}
