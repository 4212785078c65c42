/** Temporary credentials that STS handed out through the gateway, so that requests signed with them can be verified. */
import { parseSessionArn, type Principal } from '../authorization/principal';
import type { KnownCredential } from '../front-door/authentication';
import type { Store } from '../store';
import { xmlValue } from '../front-door/xml';

interface Session extends KnownCredential {
  readonly expiresAtMilliseconds: number;
}

export interface SessionData {
  sessions: Record<string, Session>;
}

export class Sessions {
  constructor(private readonly store: Store<SessionData>) {}

  /**
   * Remembers the credentials in an answer of STS (AssumeRole, GetSessionToken…); ignores other answers. Whoever is
   * judged stays so under the role that it assumes; the deployer's sessions are not judged.
   */
  remember(xml: string, now: Date, caller: Principal | undefined): void {
    const accessKeyId = xmlValue(xml, 'AccessKeyId');
    const secretAccessKey = xmlValue(xml, 'SecretAccessKey');
    const sessionToken = xmlValue(xml, 'SessionToken');
    if (!accessKeyId || !secretAccessKey || !sessionToken) return;
    const assumed = caller && parseSessionArn(xmlValue(xml, 'Arn') ?? '');
    const principal = assumed && { ...assumed, context: {} };
    const expiresAtMilliseconds = Date.parse(xmlValue(xml, 'Expiration') ?? '') || now.getTime() + 3600_000;
    this.store.update((data) => {
      const live = Object.entries(data.sessions).filter(([, session]) => session.expiresAtMilliseconds > now.getTime());
      data.sessions = Object.fromEntries(live);
      data.sessions[accessKeyId] = { accessKeyId, secretAccessKey, sessionToken, expiresAtMilliseconds, principal };
    });
  }

  lookup(accessKeyId: string, now: Date): KnownCredential | undefined {
    const session = this.store.data.sessions[accessKeyId];
    return session && session.expiresAtMilliseconds > now.getTime() ? session : undefined;
  }
}
