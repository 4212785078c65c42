import { tryRun } from '../../lib/lab/process';
import type { Task } from './task';

/** The image's own health check, without waiting for the daemon's next look. */
export async function lookByScript({ container }: Task): Promise<string | undefined> {
  const script = '/opt/metals/healthcheck.sh';
  const { exitCode, stdout, stderr } = await tryRun('docker', ['exec', container, '/bin/bash', script]);
  return exitCode === 0 ? undefined : `${stdout}${stderr}`.trim() || `health check ended with ${exitCode}`;
}

export async function lookAtHealth(task: Task): Promise<string | undefined> {
  const { status, reasons } = await task.health();
  return status === 'healthy' ? undefined : `${status}: ${reasons.join('; ')}`;
}
