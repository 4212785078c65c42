/** Serves custom-resource events: calls the type's handler and tells CloudFormation the outcome. */
import { isDeepStrictEqual } from 'node:util';
import { errorText, type Log } from '../log';
import { MOVED_ATTRIBUTE_PREFIX } from './resource';
import { originalTypeOf } from './template';
import { stackNameOf, type Progress } from './progress';
import type { Upstream } from '../ministack/upstream';
import type { Properties, ResourceHandler, ResourceResult } from '../types';

export interface ResourceEvent {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  readonly RequestId: string;
  readonly ResponseURL: string;
  readonly ResourceType: string;
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId?: string;
  readonly StackId: string;
  readonly ResourceProperties: Properties;
  readonly OldResourceProperties?: Properties;
}

export interface ResourceOutcome {
  readonly Status: 'SUCCESS' | 'FAILED';
  readonly Reason?: string;
  readonly PhysicalResourceId: string;
  readonly Data: Readonly<Record<string, string>>;
}

/** Physical id of a resource whose creation failed: there is nothing to delete. */
const NEVER_CREATED = 'NEVER-CREATED';
/** CloudFormation takes 4,096 bytes of answer in all; the ids beside the reason take up to 500. */
const MAX_REASON_BYTES = 3500;

/** The reason's beginning, as much as fits into the answer once it is JSON: a line break is two bytes there. */
export function fittingReason(reason: string): string {
  let fitting = reason.slice(0, MAX_REASON_BYTES);
  while (Buffer.byteLength(JSON.stringify(fitting)) > MAX_REASON_BYTES) fitting = fitting.slice(0, -100);
  return fitting;
}

/** Names of the properties that differ between two sets. */
export function changedProperties(properties: Properties, old: Properties): string[] {
  return [...new Set([...Object.keys(properties), ...Object.keys(old)])].filter(
    (name) => name !== 'ServiceToken' && !isDeepStrictEqual(properties[name], old[name]),
  );
}

/** Runs the handler; never throws, since CloudFormation must hear of a failure too. */
export async function resourceOutcome(
  event: ResourceEvent,
  handlers: ReadonlyMap<string, ResourceHandler>,
): Promise<ResourceOutcome> {
  try {
    const type = originalTypeOf(event.ResourceType);
    const handler = type ? handlers.get(type) : undefined;
    if (!handler) throw new Error(`the lab has no handler for ${type ?? event.ResourceType}`);
    const { physicalId, attributes } = await callHandler(handler, event);
    return { Status: 'SUCCESS', PhysicalResourceId: physicalId, Data: attributes ?? {} };
  } catch (error) {
    const PhysicalResourceId = event.PhysicalResourceId ?? NEVER_CREATED;
    return { Status: 'FAILED', Reason: fittingReason(errorText(error)), PhysicalResourceId, Data: {} };
  }
}

async function callHandler(handler: ResourceHandler, event: ResourceEvent): Promise<ResourceResult> {
  const properties: Record<string, unknown> = { ...event.ResourceProperties };
  delete properties.ServiceToken;
  const context = { logicalId: event.LogicalResourceId, stackName: stackNameOf(event.StackId) };
  if (event.RequestType === 'Create') return handler.create(properties, context);
  const physicalId = event.PhysicalResourceId!;
  if (event.RequestType === 'Delete') {
    if (physicalId !== NEVER_CREATED) await handler.delete(physicalId, properties);
    return { physicalId };
  }
  const old = event.OldResourceProperties ?? {};
  const changed = changedProperties(properties, old);
  if (changed.some((name) => handler.replaceOn.includes(name))) return handler.create(properties, context);
  if (handler.update) return handler.update(physicalId, properties, old, context);
  const refused = changed.filter((name) => !name.startsWith(MOVED_ATTRIBUTE_PREFIX));
  if (refused.length === 0) return { physicalId };
  throw new Error(`${handler.type}: the lab cannot change ${refused.join(', ')} in place`);
}

/** Handles an event and answers CloudFormation at the event's ResponseURL, which must be ministack's. */
export function createResourceEvents(
  upstream: Upstream,
  handlers: ReadonlyMap<string, ResourceHandler>,
  progress: Progress,
  log: Log,
): (event: unknown) => void {
  return (received) => {
    const event = received as ResourceEvent;
    const startedAt = Date.now();
    const work = {
      requestType: event.RequestType,
      stackId: event.StackId,
      logicalId: event.LogicalResourceId,
      type: originalTypeOf(event.ResourceType) ?? event.ResourceType,
      physicalId: event.PhysicalResourceId,
    };
    void progress
      .during(work, () => resourceOutcome(event, handlers))
      .then(async (outcome) => {
        const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
        const { Status, PhysicalResourceId, Reason } = outcome;
        const subject = `${event.RequestType} ${originalTypeOf(event.ResourceType)} ${event.LogicalResourceId}`;
        log(
          'cloudformation',
          `${subject}: ${Status} ${PhysicalResourceId} in ${seconds} s${Reason ? `: ${Reason}` : ''}`,
        );
        const { StackId, RequestId, LogicalResourceId } = event;
        const answer = JSON.stringify({ ...outcome, StackId, RequestId, LogicalResourceId });
        const { pathname, search } = new URL(event.ResponseURL);
        const reply = await upstream.request('PUT', pathname + search, { 'content-type': '' }, answer);
        if (reply.status >= 300)
          log('cloudformation', `${subject}: the answer was refused: ${reply.status} ${reply.text}`);
      })
      .catch((error: unknown) =>
        log('cloudformation', `${event.LogicalResourceId}: cannot answer: ${errorText(error)}`),
      );
  };
}
