/** Resource types of a template that nobody serves, or that ministack would only pretend to provide. */
/** Types that ministack accepts and then only pretends to provide, or provides around the gateway. */
const PRETENDED_TYPES: Readonly<Record<string, string>> = {
  'AWS::AutoScaling::LaunchConfiguration': 'its instances would be invented',
  'AWS::CloudFormation::Stack': 'the resources of a nested stack would bypass the lab',
};

/** Lists every resource that nobody serves, or undefined; `emulated` are the types that ministack provisions. */
export function explainUnservedTypes(
  types: ReadonlyMap<string, readonly string[]>,
  served: ReadonlySet<string>,
  emulated: ReadonlySet<string>,
): string | undefined {
  const problems: string[] = [];
  for (const [type, logicalIds] of types) {
    if (served.has(type) || !type.startsWith('AWS::')) continue;
    if (emulated.has(type) && !(type in PRETENDED_TYPES)) continue;
    const reason = PRETENDED_TYPES[type];
    problems.push(`${type} (${logicalIds.join(', ')})${reason ? `: ${reason}` : ''}`);
  }
  if (problems.length === 0) return undefined;
  return `the lab serves no resource type ${problems.join('; ')}. Remove it from the template or add a handler to the room of its service under lib/lab/gateway`;
}
