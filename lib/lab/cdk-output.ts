/** Pure: what of the CDK's output a user wants to see while it runs, and what explains a failure. */

/** `lab-swarm | 3/20 | 10:11:12 AM | CREATE_FAILED | Custom::X | Logical (Id) reason` */
const EVENT = /^\s*(\S+) \|\s+(?:\d+\/\d+|\d+)? ?\|\s*[^|]+\|\s*([A-Z_]+)\s*\|\s*([^|]+?)\s*\|\s*(.*)$/;
const FAILURE_LINES = 25;

/** The line to show, or undefined for one that says nothing new. */
export function progressLine(line: string): string | undefined {
  const event = EVENT.exec(line);
  if (!event)
    return /^\s*($|\(node:|npm warn|DEPRECATED|Outputs:|Stack ARN:|arn:|Install the buildx|BuildKit)/i.test(line)
      ? undefined
      : line.trimEnd();
  const [, stack, status, type, resource] = event;
  // The stack's own state, failures, and what takes long: documents that run on nodes, and nodes themselves.
  if (status!.includes('FAILED') || status!.includes('ROLLBACK')) return `${stack}: ${status} ${type} ${resource}`;
  if (/^Custom::|AutoScalingGroup/.test(type!))
    return `${stack}: ${status!.toLowerCase().replaceAll('_', ' ')}: ${resource}`;
  return undefined;
}

/** The lines that explain why it failed: failed events if there are any, else the end. */
export function lastEvents(lines: readonly string[]): string[] {
  const told = lines.filter((line) => /FAILED|❌|[Ee]rror|failed/.test(line)).map((line) => line.trimEnd());
  return (told.length > 0 ? told : lines.filter((line) => line.trim() !== '')).slice(-FAILURE_LINES);
}
