/** A measured value, or why it could not be measured. */
import { DeadlineError } from '../ssm/deadline';
import { isExpired, isRefusal, isUnknownSigner, isUnreachable } from '../aws-errors';

export type Fact<T> =
  | { readonly kind: 'known'; readonly value: T }
  /** `action` is what IAM calls it: `ec2:DescribeVpcs`. */
  | { readonly kind: 'refused'; readonly action: string }
  | { readonly kind: 'unknown'; readonly reason: string };

export const known = <T>(value: T): Fact<T> => ({ kind: 'known', value });

export const unknown = (reason: string): Extract<Fact<never>, { kind: 'unknown' }> => ({ kind: 'unknown', reason });

/** A value made from two facts. Refused actions are named together, so that nobody has to ask for them one by one. */
export function combine<A, B, R>(a: Fact<A>, b: Fact<B>, make: (a: A, b: B) => R): Fact<R> {
  if (a.kind === 'refused' && b.kind === 'refused' && a.action !== b.action) {
    return { kind: 'refused', action: `${a.action} and ${b.action}` };
  }
  if (a.kind !== 'known') return a;
  if (b.kind !== 'known') return b;
  return known(make(a.value, b.value));
}

export type Ask = <T>(action: string, read: () => Promise<T>) => Promise<Fact<T>>;

/**
 * Reads one fact. Credentials that are not valid, and a service that cannot be reached, end the whole preflight:
 * every further line would say the same.
 *
 * @throws whatever the SDK threw, in those two cases; in the lab a service that its emulator lacks is a fact instead
 */
export const asker =
  (isLab: boolean): Ask =>
  async (action, read) => {
    try {
      return known(await read());
    } catch (error) {
      if (isRefusal(error)) return { kind: 'refused', action };
      if (isExpired(error) || isUnknownSigner(error) || isUnreachable(error) || error instanceof DeadlineError)
        throw error;
      const { name, message } = error as Error;
      if (name === 'CredentialsProviderError') throw error;
      const where = isLab ? 'not known here: the lab answers' : `not known: ${action} answered`;
      return { kind: 'unknown', reason: `${where} ${name}: ${message}` };
    }
  };
