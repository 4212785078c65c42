/** Temporary credentials that STS handed out through the gateway, so that requests signed with them can be verified. */
import type { Credential } from '../front-door/sigv4';
import type { Store } from '../store';
import { xmlValue } from '../front-door/xml';

interface Session extends Required<Credential> {
  readonly expiresAtMilliseconds: number;
}

export interface SessionData {
  sessions: Record<string, Session>;
}

export class Sessions {
  constructor(private readonly store: Store<SessionData>) {}

  /** Remembers the credentials in an answer of STS (AssumeRole, GetSessionToken…); ignores other answers. */
  remember(xml: string, now: Date): void {
    const accessKeyId = xmlValue(xml, 'AccessKeyId');
    const secretAccessKey = xmlValue(xml, 'SecretAccessKey');
    const sessionToken = xmlValue(xml, 'SessionToken');
    if (!accessKeyId || !secretAccessKey || !sessionToken) return;
    const expiresAtMilliseconds = Date.parse(xmlValue(xml, 'Expiration') ?? '') || now.getTime() + 3600_000;
    this.store.update((data) => {
      const live = Object.entries(data.sessions).filter(([, session]) => session.expiresAtMilliseconds > now.getTime());
      data.sessions = Object.fromEntries(live);
      data.sessions[accessKeyId] = { accessKeyId, secretAccessKey, sessionToken, expiresAtMilliseconds };
    });
  }

  lookup(accessKeyId: string, now: Date): Credential | undefined {
    const session = this.store.data.sessions[accessKeyId];
    return session && session.expiresAtMilliseconds > now.getTime() ? session : undefined;
  }
}
