/** The agent in one session: handshake first, then what the session is for, then its end. */
import { AGENT_VERSION } from '../ssm/managed-nodes';
import { json, PAYLOAD } from './client-message';
import { DataChannel } from './data-channel';
import type { NodeSide, NodeSideDependencies } from './node-side';
import type { SessionPlan } from './session-plan';

/** How long the plugin may take to acknowledge the last output of a session that ends. */
const LAST_OUTPUT_MILLISECONDS = 3_000;
const LOOK_MILLISECONDS = 20;

/** A connection of the plugin: messages as bytes. */
export interface Connection {
  send(message: Buffer): void;
  close(): void;
}

export type StartNodeSide = (dependencies: NodeSideDependencies) => Promise<NodeSide> | NodeSide;

export interface AgentSideDependencies {
  readonly sessionId: string;
  readonly target: string;
  readonly container: string;
  readonly plan: SessionPlan;
  readonly startNodeSide: StartNodeSide;
  /** The session is over, on this side. */
  readonly onEnd: (reason: string) => void;
}

export class AgentSide {
  private readonly channel: DataChannel;
  private readonly begun = Date.now();
  private node: NodeSide | undefined;
  /** Came between the handshake and the moment in which the node is ready. */
  private readonly early: [number, Buffer][] = [];
  private connection: Connection | undefined;
  private hasBegun = false;
  private isOver = false;

  constructor(private readonly dependencies: AgentSideDependencies) {
    this.channel = new DataChannel({
      onInput: (payloadType, payload) => this.input(payloadType, payload),
      onDrain: () => this.node?.drain(),
      onGivenUp: () => dependencies.onEnd('the plugin does not acknowledge'),
    });
    this.channel.write(PAYLOAD.handshakeRequest, json(handshake(dependencies.plan)));
  }

  attach(connection: Connection): void {
    this.connection?.close();
    this.connection = connection;
    this.channel.attach((message) => connection.send(message));
  }

  /** Answers whether it was the present connection that has gone. */
  detach(connection: Connection): boolean {
    if (this.connection !== connection) return false;
    this.connection = undefined;
    this.channel.detach();
    return true;
  }

  /** @throws Error for what is no message */
  receive(message: Buffer): void {
    this.channel.receive(message);
  }

  /** After the last output has been shown. */
  async close(reason: string): Promise<void> {
    this.isOver = true;
    this.node?.close();
    const deadline = Date.now() + LAST_OUTPUT_MILLISECONDS;
    while (!this.channel.isIdle && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, LOOK_MILLISECONDS));
    this.channel.close(this.dependencies.sessionId, this.dependencies.target, reason);
    this.connection?.close();
  }

  private input(payloadType: number, payload: Buffer): void {
    if (payloadType === PAYLOAD.handshakeResponse) void this.begin(payload);
    else if (this.node) this.toNode(this.node, payloadType, payload);
    else this.early.push([payloadType, payload]);
  }

  private toNode(node: NodeSide, payloadType: number, payload: Buffer): void {
    try {
      node.receive(payloadType, payload);
    } catch (error) {
      this.dependencies.onEnd((error as Error).message);
    }
  }

  private async begin(response: Buffer): Promise<void> {
    const { onEnd, plan, container, sessionId, startNodeSide } = this.dependencies;
    if (this.hasBegun) return;
    this.hasBegun = true;
    try {
      const { Errors: errors } = JSON.parse(response.toString()) as { Errors?: string[] | null };
      if (errors?.length) return onEnd(`the plugin refused: ${errors.join(', ')}`);
      this.channel.write(
        PAYLOAD.handshakeComplete,
        json({ HandshakeTimeToComplete: (Date.now() - this.begun) * 1e6, CustomerMessage: '' }),
      );
      const node = await startNodeSide({ sessionId, container, plan, channel: this.channel, onEnd: () => onEnd('') });
      if (this.isOver) return node.close();
      this.node = node;
      for (const [payloadType, payload] of this.early) this.toNode(node, payloadType, payload);
    } catch (error) {
      onEnd(`the session could not begin on the node: ${(error as Error).message}`);
    }
  }
}

/** What the agent asks of the plugin [message.HandshakeRequestPayload]. */
function handshake(plan: SessionPlan): object {
  const type = { shell: 'Standard_Stream', command: 'InteractiveCommands', port: 'Port' }[plan.kind];
  const properties = plan.kind === 'port' ? plan.properties : {};
  return {
    AgentVersion: AGENT_VERSION,
    RequestedClientActions: [
      { ActionType: 'SessionType', ActionParameters: { SessionType: type, Properties: properties } },
    ],
  };
}
