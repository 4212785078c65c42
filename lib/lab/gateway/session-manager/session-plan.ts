/** What a session does, by the document that it is started with and its parameters. Pure. */
import { AwsError } from '../errors';

/** Started without a document. */
const SHELL_DOCUMENT = 'SSM-SessionManagerRunShell';

export type SessionPlan =
  | { readonly kind: 'shell' }
  | { readonly kind: 'command'; readonly command: string }
  | { readonly kind: 'port'; readonly host: string; readonly port: number; readonly properties: object };

type Parameters = Readonly<Record<string, readonly string[]>>;

/** The patterns of Amazon's documents. */
const PORT = /^([1-9]|[1-9][0-9]{1,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$/;
const LOCAL_PORT = /^([0-9]|[1-9][0-9]{1,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$/;
const HOST = /^[^,$^&(!;'"<>`{}[\]|#=]{3,}$/;

/** @throws AwsError as Systems Manager refuses what it does not know */
export function planSession(document = SHELL_DOCUMENT, parameters: Parameters = {}): SessionPlan {
  const known = PLANS[document];
  if (!known) throw new AwsError('InvalidDocument', `Document with name ${document} does not exist.`);
  const unknown = Object.keys(parameters).find((name) => !known.parameters.includes(name));
  if (unknown !== undefined)
    throw new AwsError('InvalidParameters', `Parameter ${unknown} is not supported by ${document}`);
  return known.plan((name, pattern, fallback) => {
    const value = parameters[name]?.[0] ?? fallback;
    if (value === undefined) throw new AwsError('InvalidParameters', `Parameter ${name} is required by ${document}`);
    if (!pattern.test(value))
      throw new AwsError(
        'InvalidParameters',
        `Parameter "${name}" has value "${value}" not matching "${pattern.source}".`,
      );
    return value;
  });
}

type Value = (name: string, pattern: RegExp, fallback?: string) => string;

const port = (host: string, value: Value): SessionPlan => {
  const portNumber = value('portNumber', PORT, host === 'localhost' ? '80' : undefined);
  const properties = {
    portNumber,
    localPortNumber: value('localPortNumber', LOCAL_PORT, '0'),
    type: 'LocalPortForwarding',
  };
  return { kind: 'port', host, port: Number(portNumber), properties };
};

const command = (value: Value): SessionPlan => ({ kind: 'command', command: value('command', /^[^]+$/) });

const PLANS: Readonly<
  Record<string, { readonly parameters: readonly string[]; readonly plan: (value: Value) => SessionPlan }>
> = {
  [SHELL_DOCUMENT]: { parameters: [], plan: () => ({ kind: 'shell' }) },
  'AWS-StartInteractiveCommand': { parameters: ['command'], plan: command },
  'AWS-StartNonInteractiveCommand': { parameters: ['command'], plan: command },
  'AWS-StartPortForwardingSession': {
    parameters: ['portNumber', 'localPortNumber'],
    plan: (value) => port('localhost', value),
  },
  'AWS-StartPortForwardingSessionToRemoteHost': {
    parameters: ['host', 'portNumber', 'localPortNumber'],
    plan: (value) => port(value('host', HOST), value),
  },
};
