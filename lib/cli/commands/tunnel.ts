import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { closest } from 'fastest-levenshtein';
import { EXIT, PROCESSOR_PORT, PRODUCER_PORT } from '../../contract';
import type { Context } from '../context';
import { CliError, explainError } from '../errors';
import { findPlugin, openSession, runPlugin, startPlugin, type StartPlugin } from '../session-plugin';
import { onlineInstances } from '../session-targets';
import { assertDeployed, connect, type Connection } from '../systems-manager';
import { visible } from '../../safe-text';
import { GRACE_MS, type Verb } from '../verbs/verb';

export const TUNNEL_FAILED = 'the tunnel was not opened';
/** Every node publishes both. */
const PORTS = { producer: PRODUCER_PORT, processor: PROCESSOR_PORT } as const;
type Service = keyof typeof PORTS;
const SERVICES = Object.keys(PORTS) as Service[];
/** Where the service's own port is taken here, as by the lab. */
const OTHER_PORTS = 10_000;

const PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 15_000;
/** A session with a node that has gone stays open, and nothing answers any more: so it is asked. */
const ASK_EVERY_MS = 5_000;
const ANSWER_MS = 5_000;
const MOST_SILENT = 2;

export interface TunnelOptions {
  /** Empty: all that can be reached. */
  readonly services: readonly string[];
}

export interface TunnelTimes {
  readonly askEveryMs: number;
  readonly pauseMs: number;
}

/** `metals tunnel`: local ports that lead to the services, through Session Manager, until Ctrl-C. */
export async function tunnel(
  context: Context,
  { services }: TunnelOptions,
  start: StartPlugin = startPlugin,
  times: TunnelTimes = { askEveryMs: ASK_EVERY_MS, pauseMs: PAUSE_MS },
): Promise<number> {
  if (context.terminal.json)
    throw new CliError(
      TUNNEL_FAILED,
      '--json prints one value, and a tunnel has no end',
      ['leave out --json'],
      'usage',
    );
  const wanted = chooseServices(services);
  const plugin = await findPlugin(context, TUNNEL_FAILED);
  const connection = await connect(context);
  await assertDeployed(context, connection, 'stack-status', TUNNEL_FAILED);
  // One that cannot be made ends the others.
  const failure = new AbortController();
  const over = AbortSignal.any([context.interrupted, failure.signal]);
  const keep = (service: Service): Promise<void> =>
    keepTunnel({ ...context, interrupted: over }, connection, plugin, service, start, times).catch((error: unknown) => {
      failure.abort();
      throw error;
    });
  const ended = await Promise.allSettled(wanted.map(keep));
  const failed = ended.find((each) => each.status === 'rejected');
  if (failed) throw failed.reason;
  return context.interrupted.aborted ? EXIT.interrupted : EXIT.ok;
}

/** Pure. @throws CliError (usage) */
export function chooseServices(names: readonly string[]): readonly Service[] {
  for (const name of names) {
    if (SERVICES.some((known) => known === name)) continue;
    const all = `./bin/metals tunnel ${SERVICES.join(' ')}`;
    const [why, next] = ['kafka', 'mongodb', 'edge'].includes(name)
      ? [`${name} has no port on any node`, [`./bin/metals exec ${name} -- COMMAND    # runs something in it`, all]]
      : [`there is no service ${name}; did you mean ${closest(name, SERVICES)}?`, [all]];
    throw new CliError(TUNNEL_FAILED, why, next, 'usage');
  }
  return names.length === 0 ? SERVICES : [...new Set(names as readonly Service[])];
}

/** One session after the other, each through the next node, until Ctrl-C. */
async function keepTunnel(
  context: Context,
  connection: Connection,
  plugin: string,
  service: Service,
  start: StartPlugin,
  { askEveryMs, pauseMs }: TunnelTimes,
): Promise<void> {
  const { terminal, interrupted } = context;
  const port = await freePort(PORTS[service]);
  const url = `http://127.0.0.1:${port}`;
  let hasWorked = false;
  /** How many instances there were to go through. */
  let known = 0;
  for (let turn = 0, pause = pauseMs; !interrupted.aborted; turn += 1) {
    const began = Date.now();
    const why = await oneTurn(turn);
    if (interrupted.aborted) return;
    // Where none of them works, none will by itself.
    if (!hasWorked && turn + 1 >= known) throw new CliError(TUNNEL_FAILED, why, ['./bin/metals status'], 'failed');
    pause = Date.now() - began > LONGEST_PAUSE_MS ? pauseMs : Math.min(2 * pause, LONGEST_PAUSE_MS);
    terminal.note(terminal.noteColors.yellow(`${service}: ${why}; through another node in ${pause / 1000} s`));
    await sleep(pause, undefined, { signal: interrupted }).catch(() => undefined);
  }

  /** What stands in the way now; a later attempt may get through. */
  function explained(error: unknown): string {
    const { region, profile, endpoint } = context;
    return visible(explainError(error, { what: TUNNEL_FAILED, region, profile, endpoint }).why);
  }

  async function oneTurn(turn: number): Promise<string> {
    const instances = await onlineInstances(context, connection).catch((error: unknown) => {
      if (!hasWorked) throw error;
      return explained(error);
    });
    if (typeof instances === 'string') return instances;
    known = instances.length;
    if (known > 0) return oneSession(instances[turn % known]!);
    if (!hasWorked) throw noInstance(context.stage);
    return 'no instance is online in Systems Manager';
  }

  /** Answers why it is over. @throws what another node would not mend */
  async function oneSession(Target: string): Promise<string> {
    const session = await openSession(context, connection, plugin, {
      Target,
      DocumentName: 'AWS-StartPortForwardingSession',
      Parameters: { portNumber: [String(PORTS[service])], localPortNumber: [String(port)] },
      Reason: `metals tunnel ${service}`,
    }).catch((error: Error) => {
      // An instance that has just gone is Online for some minutes.
      if (error.name === 'TargetNotConnected' || hasWorked) return explained(error);
      throw error;
    });
    if (typeof session === 'string') return session;
    const over = new AbortController();
    let why = 'the session has ended';
    let isSilent = false;
    await runPlugin(session, start, ['ignore', 'pipe', 'inherit'], interrupted, (child) => {
      createInterface({ input: child.stdout! }).on('line', (line) => {
        if (
          line.trim() === '' ||
          /^(Starting session|Exiting session|Port \S+ opened|Connection accepted|Terminate signal received)/.test(line)
        )
          return;
        if (!line.startsWith('Waiting for connections')) return void (why = isSilent ? why : visible(line));
        hasWorked = true;
        terminal.data(
          `${service}  ${url}/health  ${service === 'producer' ? `POST ${url}/produce` : `${url}/metrics`}`,
        );
        terminal.note(`${service}: through ${Target}`);
        void untilSilent(url, askEveryMs, over.signal).then((silent) => {
          isSilent = silent;
          if (!silent) return;
          why = `${Target} does not answer any more`;
          // It then ends its session and removes its socket.
          child.kill('SIGINT');
        });
      });
    }).finally(() => over.abort());
    return why;
  }
}

const noInstance = (stage: string): CliError =>
  new CliError(
    TUNNEL_FAILED,
    `no instance of stage ${stage} is online in Systems Manager`,
    ['./bin/metals status'],
    'refused',
  );

/** Answers true once nothing has answered several times in a row; any status is an answer. */
async function untilSilent(url: string, everyMs: number, over: AbortSignal): Promise<boolean> {
  for (let silent = 0; silent < MOST_SILENT;) {
    await sleep(everyMs, undefined, { signal: over }).catch(() => undefined);
    if (over.aborted) return false;
    const answers = await fetch(`${url}/health`, { signal: AbortSignal.timeout(ANSWER_MS) }).then(
      () => true,
      () => false,
    );
    silent = answers ? 0 : silent + 1;
  }
  return !over.aborted;
}

/** The port itself, another one, or any, whichever is free here. */
async function freePort(port: number): Promise<number> {
  return (await tryPort(port)) ?? (await tryPort(port + OTHER_PORTS)) ?? (await tryPort(0))!;
}

const tryPort = (port: number): Promise<number | undefined> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? address?.port : undefined));
    });
  });

export const verb: Verb<TunnelOptions> = { failure: TUNNEL_FAILED, run: tunnel, graceMs: GRACE_MS };
