/** Members of a list in a flat form: `InstanceId.1`, `InstanceId.2` for the prefix `InstanceId`. */
export function members(params: Readonly<Record<string, string>>, prefix: string): string[] {
  return Object.entries(params)
    .filter(([name]) => name.startsWith(`${prefix}.`) && /^\d+$/.test(name.slice(prefix.length + 1)))
    .map(([, value]) => value);
}
