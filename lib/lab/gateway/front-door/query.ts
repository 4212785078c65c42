import type { LabReply } from '../types';

/** Members of a list in a flat form: `InstanceId.1`, `InstanceId.2` for the prefix `InstanceId`. */
export function members(params: Readonly<Record<string, string>>, prefix: string): string[] {
  return Object.entries(params)
    .filter(([name]) => name.startsWith(`${prefix}.`) && /^\d+$/.test(name.slice(prefix.length + 1)))
    .map(([, value]) => value);
}

/** The answer of a query API: `result` is the inside of `<ActionResult>`, undefined for actions that answer nothing. */
export function queryReply(namespace: string, action: string, result: string | undefined): LabReply {
  const element = result === undefined ? '' : `<${action}Result>${result}</${action}Result>`;
  return {
    status: 200,
    contentType: 'text/xml',
    body:
      `<${action}Response xmlns="${namespace}">${element}` +
      `<ResponseMetadata><RequestId>${crypto.randomUUID()}</RequestId></ResponseMetadata></${action}Response>`,
  };
}
