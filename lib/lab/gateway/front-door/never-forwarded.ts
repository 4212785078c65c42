/** Calls that ministack must never be asked for: it would answer success without having done anything. */
import { AwsError } from '../errors';
import type { ServiceName } from '../types';

/** Of services whose interceptors let unknown calls through; those of Systems Manager and Auto Scaling refuse them. */
const NEVER_FORWARDED: Readonly<Partial<Record<ServiceName, readonly string[]>>> = {
  ec2: ['StartInstances', 'CreateFleet', 'RequestSpotInstances'],
  secretsmanager: ['RotateSecret'],
};

export const isNeverForwarded = (service: string, action: string): boolean =>
  NEVER_FORWARDED[service as ServiceName]?.includes(action) ?? false;

export function refuseForwarding(service: string, action: string): AwsError {
  return new AwsError(
    'UnsupportedOperation',
    `the lab does not implement ${service}:${action}; it is refused because the emulator behind would only pretend it`,
  );
}
