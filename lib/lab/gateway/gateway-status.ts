/** What /_lab/status answers; it needs no signature, so it holds nothing secret. */
import { readFile } from 'node:fs/promises';

export interface GatewayStatus {
  readonly upSeconds: number;
  readonly memoryMegabytes: { readonly gateway: number; readonly ministack: number | null };
  /** Instances, commands and whatever else the part that runs nodes reports. */
  readonly [part: string]: unknown;
}

const megabytes = (kilobytes: number): number => Math.round(kilobytes / 1024);

/** Resident memory in a process's /proc/<pid>/status text; null where the kernel says nothing. */
export function residentMegabytes(text: string): number | null {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1];
  return kilobytes === undefined ? null : megabytes(Number(kilobytes));
}

async function memoryOf(processId: number | undefined): Promise<number | null> {
  if (processId === undefined) return null;
  try {
    return residentMegabytes(await readFile(`/proc/${processId}/status`, 'utf8'));
  } catch {
    // No such process, or a system without /proc: the figure is unknown, which is what null says.
    return null;
  }
}

export async function gatewayStatus(
  startedAt: number,
  ministackProcessId: number | undefined,
  parts: Readonly<Record<string, unknown>>,
): Promise<GatewayStatus> {
  return {
    upSeconds: Math.round((Date.now() - startedAt) / 1000),
    memoryMegabytes: {
      gateway: megabytes(process.memoryUsage().rss / 1024),
      ministack: await memoryOf(ministackProcessId),
    },
    ...parts,
  };
}
