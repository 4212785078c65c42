/** What the agent does in a session: a shell of its own user, a command of that user, or connections to a port. */
import { spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import { tryRun } from '../../process';
import { isRunning } from '../ec2/docker-node';
import { NODE_ENDPOINT, NODE_LIB } from '../settings';
import { FLAG, PAYLOAD } from './client-message';
import type { DataChannel } from './data-channel';
import { Mux } from './mux';
import type { SessionPlan } from './session-plan';
import { openTerminal } from './terminal';

/** Becomes the agent's user, in the folder where the agent begins a shell: assets/lab/node/lib/session. */
const SESSION = `${NODE_LIB}/session`;
const ENVIRONMENT = { TERM: 'xterm-256color', LANG: 'C.UTF-8', AWS_ENDPOINT_URL: NODE_ENDPOINT };

export interface NodeSide {
  /** Data of the plugin. */
  receive(payloadType: number, payload: Buffer): void;
  /** The channel has room for output again. */
  drain(): void;
  close(): void;
}

export interface NodeSideDependencies {
  readonly sessionId: string;
  readonly container: string;
  readonly plan: SessionPlan;
  readonly channel: Pick<DataChannel, 'output' | 'write'>;
  readonly onEnd: () => void;
}

export const startNodeSide = (dependencies: NodeSideDependencies): Promise<NodeSide> | NodeSide =>
  dependencies.plan.kind === 'port'
    ? forwardPort(dependencies, dependencies.plan)
    : runTerminal(dependencies, dependencies.plan);

async function runTerminal(
  { sessionId, container, channel, onEnd }: NodeSideDependencies,
  plan: Exclude<SessionPlan, { kind: 'port' }>,
): Promise<NodeSide> {
  const command = plan.kind === 'shell' ? ['sh'] : ['sh', '-c', plan.command];
  const terminal = await openTerminal({
    ...{ container, command: [SESSION, 'run', sessionId, ...command], environment: ENVIRONMENT },
  });
  const { stream } = terminal;
  stream.on('data', (data: Buffer) => {
    if (!channel.output(data)) stream.pause();
  });
  stream.on('error', () => stream.destroy());
  // Of a node that has gone nobody is told: Session Manager ends such a session when nothing has been said for 20 min.
  stream.on('close', () => void isRunning(container).then((runs) => runs && onEnd()));
  stream.on('end', () => stream.destroy());
  return {
    receive(payloadType, payload) {
      if (payloadType === PAYLOAD.output) stream.write(payload);
      if (payloadType === PAYLOAD.size) {
        const { cols, rows } = JSON.parse(payload.toString()) as { cols: number; rows: number };
        // One that has just ended has no size.
        if (cols > 0 && rows > 0) void terminal.resize(cols, rows).catch(() => undefined);
      }
      if (isTermination(payloadType, payload)) stream.destroy();
    },
    drain: () => void stream.resume(),
    close: () => {
      stream.destroy();
      // A node that is gone has ended it, too.
      void tryRun('docker', ['exec', container, SESSION, 'end', sessionId]);
    },
  };
}

function forwardPort(
  { container, channel, onEnd }: NodeSideDependencies,
  { host, port }: Extract<SessionPlan, { kind: 'port' }>,
): NodeSide {
  const mux = new Mux({
    write: (bytes) => channel.output(bytes),
    connect: () => connectFrom(container, host, port),
    onConnectError: () => channel.write(PAYLOAD.flag, flag(FLAG.connectToPortError)),
  });
  return {
    receive(payloadType, payload) {
      if (payloadType === PAYLOAD.output) mux.receive(payload);
      if (isTermination(payloadType, payload)) onEnd();
    },
    drain: () => mux.drain(),
    close: () => mux.close(),
  };
}

/** A connection that leaves from the node, as the agent's do. */
function connectFrom(container: string, host: string, port: number): Duplex {
  const child = spawn('docker', ['exec', '-i', container, 'socat', '-', `TCP:${host}:${port}`]);
  let complaint = '';
  child.stderr.on('data', (data: Buffer) => (complaint += data.toString()));
  // What it does not take any more is told by its end.
  child.stdin.on('error', () => undefined);
  const connection = new Duplex({
    read: () => void child.stdout.resume(),
    write: (data: Buffer, _encoding, done) => void child.stdin.write(data, () => done()),
    final: (done) => void child.stdin.end(() => done()),
    destroy: (error, done) => {
      child.kill();
      done(error);
    },
  });
  child.stdout.on('data', (data: Buffer) => {
    if (!connection.push(data)) child.stdout.pause();
  });
  child.on('error', (error) => connection.destroy(error));
  child.on('close', (code) => {
    // From a node that has gone, or stands still, no answer comes, and no refusal.
    if (/No such container|is not running|is paused/.test(complaint)) return;
    if (code === 0) connection.push(null);
    else connection.destroy(new Error(`socat on ${container}: ${complaint.trim() || `exit code ${code}`}`));
  });
  return connection;
}

function flag(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

const isTermination = (payloadType: number, payload: Buffer): boolean =>
  payloadType === PAYLOAD.flag && payload.length === 4 && payload.readUInt32BE() === FLAG.terminateSession;
