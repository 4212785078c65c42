/** What has changed a stage's Swarm, out of the commands that Systems Manager has kept. Pure. */
import type { Command } from '@aws-sdk/client-ssm';
import { documentName, type DocumentId } from '../contract';
import { parameterValues } from './parameter-values';
import { sentAtMs } from './sent-commands';
import { imagesOf, versionName } from './versions';

/** Documents that change what runs; those that a deployment sends in front of stack-deploy belong to it. */
export const CHANGING_DOCUMENTS = [
  'stack-deploy',
  'stack-remove',
  'service-scale',
  'edge-maintenance',
  'events-rewind',
  'swarm-recover',
  'swarm-leave',
] as const satisfies readonly DocumentId[];

export interface Change {
  /** When it was asked for, as ISO 8601. */
  readonly at: string;
  readonly document: string;
  /** What has sent it: `CloudFormation`, or `metals`. */
  readonly by: string;
  readonly outcome: 'succeeded' | 'failed' | 'cancelled' | 'timed out' | 'under way';
  readonly commandId: string;
  /** Where it was sent; null where it went by tags. */
  readonly instance: string | null;
  /** In words: what it was to do. */
  readonly detail: string;
  /** The first characters of the SHA-256 of what was deployed. */
  readonly bundle: string | null;
  /** Its name, by which `metals rollback --to` knows it; null for what is no deployment. */
  readonly version: string | null;
}

const OUTCOMES: Readonly<Record<string, Change['outcome']>> = {
  Success: 'succeeded',
  Failed: 'failed',
  Cancelled: 'cancelled',
  Cancelling: 'under way',
  TimedOut: 'timed out',
};

type Parameters = Readonly<Record<string, string>>;

/** The newest first; each deployment is compared with the one before it. Those that change nothing are left out. */
export function changesOf(commands: readonly Command[], stage: string): Change[] {
  const sorted = [...commands].sort((a, b) => sentAtMs(a) - sentAtMs(b));
  let before: Parameters | undefined;
  const changes = sorted.flatMap((command): Change[] => {
    const document = command.DocumentName!.slice(documentName(stage, '' as DocumentId).length);
    const parameters = parameterValues(command.Parameters);
    if (parameters.DryRun === 'true' || parameters.State === 'ask') return [];
    const detail = document === 'stack-deploy' ? deployed(parameters, before) : asked(parameters);
    if (document === 'stack-deploy') before = parameters;
    return [
      {
        at: new Date(sentAtMs(command)).toISOString(),
        document,
        by: command.Comment?.startsWith('CloudFormation') ? 'CloudFormation' : 'metals',
        outcome: OUTCOMES[command.Status ?? ''] ?? 'under way',
        commandId: command.CommandId!,
        instance: command.InstanceIds?.[0] ?? null,
        detail,
        bundle: parameters.BundleSha256?.slice(0, 12) ?? null,
        version: document === 'stack-deploy' ? versionName(parameters) : null,
      },
    ];
  });
  return changes.reverse();
}

/** What differs from the deployment before. */
function deployed(now: Parameters, before: Parameters | undefined): string {
  if (before === undefined) return 'the first that is known';
  const [images, former] = [imagesOf(now), imagesOf(before)];
  const changed = [...images].filter(([name, uri]) => former.get(name) !== uri).map(([name]) => name);
  const parts = [
    ...(now.BundleSha256 === before.BundleSha256 ? [] : ['bundle']),
    ...(changed.length === 0 ? [] : [`images ${changed.join(', ')}`]),
    ...(now.Versions === before.Versions ? [] : ['secrets']),
    ...(now.KafkaMode === before.KafkaMode ? [] : [`Kafka in ${now.KafkaMode} mode`]),
  ];
  return parts.length === 0 ? 'the same again' : parts.join('; ');
}

/** What a person has asked for, but for what every command has. */
function asked(parameters: Parameters): string {
  const { Replicas, State, Message, Since, Slot, RemoveData } = parameters;
  if (Replicas !== undefined) return Replicas.replaceAll(',', ', ');
  if (State !== undefined) return State === 'on' && Message !== undefined ? `on: ${Message}` : State;
  return [Since && `since ${Since}`, Slot, RemoveData && RemoveData !== 'none' && `data: ${RemoveData}`]
    .filter(Boolean)
    .join('; ');
}
