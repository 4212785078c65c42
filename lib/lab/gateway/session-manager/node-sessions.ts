/** Session Manager: who has a session with which node, and the channel that connects the plugin with it. */
import { randomBytes } from 'node:crypto';
import { LAB_ACCOUNT_ID } from '../../../contract';
import { AwsError } from '../errors';
import { errorText, type Log } from '../log';
import type { ManagedNodes } from '../ssm/targets';
import { AgentSide, type Connection, type StartNodeSide } from './agent-side';
import { planSession, type SessionPlan } from './session-plan';

/** How long a session waits for a plugin that has not come, or whose connection broke; Session Manager's own idle time is 20 min. */
const ABSENT_SECONDS = 60;
const MOST_ENDED = 100;

interface Session {
  readonly id: string;
  readonly target: string;
  readonly container: string;
  readonly plan: SessionPlan;
  readonly document: string | undefined;
  readonly reason: string | undefined;
  readonly startedAt: Date;
  /** What proves, once for each connection, that it is the plugin of this session. */
  token: string;
  endedAt?: Date;
  agent?: AgentSide;
  absent?: NodeJS.Timeout;
}

interface StartRequest {
  readonly Target: string;
  readonly DocumentName?: string;
  readonly Parameters?: Readonly<Record<string, readonly string[]>>;
  readonly Reason?: string;
}

/** What the plugin is answered: where it connects, and with what. */
export interface Access {
  readonly SessionId: string;
  readonly StreamUrl: string;
  readonly TokenValue: string;
}

export class NodeSessions {
  private readonly sessions = new Map<string, Session>();

  constructor(
    private readonly nodes: ManagedNodes,
    private readonly startNodeSide: StartNodeSide,
    private readonly log: Log,
  ) {}

  /** @param host under which the caller reaches the gateway */
  start({ Target, DocumentName, Parameters, Reason }: StartRequest, host: string): Access {
    const plan = planSession(DocumentName, Parameters);
    const node = this.nodes.list().find(({ id }) => id === Target);
    if (!node?.online) throw new AwsError('TargetNotConnected', `${Target} is not connected.`);
    const session: Session = {
      id: `lab-${randomBytes(9).toString('hex').slice(0, 17)}`,
      ...{ target: Target, container: node.container, plan, document: DocumentName, reason: Reason },
      ...{ startedAt: new Date(), token: newToken() },
    };
    this.sessions.set(session.id, session);
    this.expectPlugin(session);
    this.log(session.id, `session with ${Target} (${DocumentName ?? 'a shell'})`);
    return access(session, host);
  }

  resume(id: string, host: string): Access {
    const session = this.required(id);
    if (session.endedAt) throw new AwsError('DoesNotExistException', `Session ${id} has ended.`);
    session.token = newToken();
    return access(session, host);
  }

  terminate(id: string): void {
    this.end(this.required(id), '');
  }

  /** As DescribeSessions shows them, the newest first. */
  describe(state: 'Active' | 'History'): object[] {
    return [...this.sessions.values()]
      .filter(({ endedAt }) => (endedAt === undefined) === (state === 'Active'))
      .reverse()
      .map(({ id, target, document, reason, startedAt, endedAt }) => ({
        SessionId: id,
        Target: target,
        Status: endedAt ? 'Terminated' : 'Connected',
        StartDate: startedAt.getTime() / 1000,
        ...(endedAt && { EndDate: endedAt.getTime() / 1000 }),
        DocumentName: document ?? 'SSM-SessionManagerRunShell',
        Owner: `arn:aws:iam::${LAB_ACCOUNT_ID}:user/lab`,
        ...(reason && { Reason: reason }),
      }));
  }

  /**
   * The plugin has come: what it sends from now on.
   *
   * @throws Error where the session has ended, or the token is not its own
   */
  connect(id: string, token: string, connection: Connection): (message: Buffer) => void {
    const session = this.sessions.get(id);
    if (!session || session.endedAt || token !== session.token)
      throw new Error(`no open session ${id} with this token`);
    clearTimeout(session.absent);
    session.agent ??= new AgentSide({
      ...{ sessionId: id, target: session.target, container: session.container, plan: session.plan },
      startNodeSide: this.startNodeSide,
      onEnd: (reason) => this.end(session, reason),
    });
    session.agent.attach(connection);
    return (message) => session.agent!.receive(message);
  }

  disconnected(id: string, connection: Connection): void {
    const session = this.sessions.get(id);
    if (!session || session.endedAt || !session.agent?.detach(connection)) return;
    this.expectPlugin(session);
  }

  stop(): void {
    for (const session of this.sessions.values()) this.end(session, '');
  }

  private expectPlugin(session: Session): void {
    clearTimeout(session.absent);
    session.absent = setTimeout(() => this.end(session, 'the plugin has not come'), ABSENT_SECONDS * 1000);
    session.absent.unref();
  }

  private required(id: string): Session {
    const session = this.sessions.get(id);
    if (!session) throw new AwsError('DoesNotExistException', `Session ${id} does not exist.`);
    return session;
  }

  private end(session: Session, reason: string): void {
    if (session.endedAt) return;
    session.endedAt = new Date();
    clearTimeout(session.absent);
    this.log(session.id, `ended${reason && `: ${reason}`}`);
    session.agent?.close(reason).catch((error: unknown) => this.log(session.id, errorText(error)));
    const ended = [...this.sessions.values()].filter(({ endedAt }) => endedAt);
    for (const { id } of ended.slice(0, -MOST_ENDED)) this.sessions.delete(id);
  }
}

const newToken = (): string => randomBytes(48).toString('base64');

const access = ({ id, token }: Session, host: string): Access => ({
  SessionId: id,
  StreamUrl: `ws://${host}/v1/data-channel/${id}?role=publish_subscribe`,
  TokenValue: token,
});
