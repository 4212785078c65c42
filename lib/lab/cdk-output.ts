/** Pure: what of the CDK's output a user wants to see while it runs, and what explains a failure. */

/** `lab-swarm | 3/20 | 10:11:12 AM | CREATE_FAILED | Custom::X | Logical (Id) reason` */
const EVENT = /^\s*(\S+) \|\s+(?:\d+\/\d+|\d+)? ?\|\s*[^|]+\|\s*([A-Z_]+)\s*\|\s*([^|]+?)\s*\|\s*(.*)$/;
/** Lines that say where cdk is; what docker prints while it builds and pushes goes to the log alone. */
const WORTH_TELLING = [
  /^metals: /,
  /: creating CloudFormation changeset/,
  /: (deploying|destroying)\.\.\./,
  /: success: (Built|Published) /,
  /[✅❌✨⏳]/u,
  /\b([Ee]rror|failed|FAILED)\b/,
];
const FAILURE_LINES = 25;

/** The line to show, or undefined for one that goes to the log alone. */
export function progressLine(line: string): string | undefined {
  const event = EVENT.exec(line);
  if (!event) return WORTH_TELLING.some((pattern) => pattern.test(line)) ? line.trim() : undefined;
  const [stack, status, type, resource] = event.slice(1).map((part) => part.trim()) as [string, string, string, string];
  if (/FAILED|ROLLBACK/.test(status)) return `${stack}: ${status} ${type} ${resource}`;
  // What takes long: nodes, and the documents that run on them.
  if (/^Custom::|AutoScalingGroup/.test(type))
    return `${stack}: ${status.toLowerCase().replaceAll('_', ' ')}: ${resource}`;
  return undefined;
}

/** The lines that explain why it failed: failed events if there are any, else the end. */
export function lastEvents(lines: readonly string[]): string[] {
  const told = lines.filter((line) => /FAILED|❌|\b[Ee]rror\b|\bfailed\b/.test(line)).map((line) => line.trimEnd());
  return (told.length > 0 ? told : lines.filter((line) => line.trim() !== '')).slice(-FAILURE_LINES);
}

/** Pure: the processes that the CDK found at work in its output folder, where it suffers one deployment at a time. */
export const otherCdk = (lines: readonly string[]): string | undefined =>
  lines.map((line) => /\b(?:Other CLIs|Another CLI) \(PID=([^)]+)\)/.exec(line)?.[1]).find((pid) => pid !== undefined);
