/** How each protocol writes an error: what SDKs cannot parse costs their users the reason. */
import type { Exchange } from './exchange';
import { parseJson } from './json';
import type { Protocol } from './model';
import { parseXml, type XmlElement } from './xml-tree';

/** Why no SDK could read code and message from this error; undefined where it can. The message is never repeated. */
export function errorProblem(protocol: Protocol, { answerBody, answerHeaders }: Exchange): string | undefined {
  const body = answerBody ?? Buffer.alloc(0);
  if (protocol === 'json' || protocol === 'rest-json') {
    const error = (body.length === 0 ? {} : parseJson(body)) as Record<string, unknown>;
    const code =
      answerHeaders['x-amzn-errortype'] ?? error.__type ?? (protocol === 'rest-json' ? error.code : undefined);
    if (typeof code !== 'string' || code === '') return 'an error without a code (__type, or header x-amzn-errortype)';
    return typeof (error.message ?? error.Message) === 'string' ? undefined : 'an error without a message';
  }
  const root = parseXml(body.toString());
  const error = ERROR_PATHS[protocol].reduce<XmlElement | undefined>(
    (element, name, depth) => (depth === 0 ? (element?.name === name ? element : undefined) : child(element, name)),
    root,
  );
  if (!error) return `an error that is not at ${ERROR_PATHS[protocol].join('/')}`;
  const missing = ['Code', 'Message'].filter((name) => child(error, name) === undefined);
  return missing.length === 0 ? undefined : `an error without ${missing.join(' and ')}`;
}

const ERROR_PATHS: Readonly<Record<'query' | 'ec2' | 'rest-xml', readonly string[]>> = {
  query: ['ErrorResponse', 'Error'],
  ec2: ['Response', 'Errors', 'Error'],
  'rest-xml': ['Error'],
};

const child = (element: XmlElement | undefined, wanted: string): XmlElement | undefined =>
  element?.children.find(({ name }) => name === wanted);
