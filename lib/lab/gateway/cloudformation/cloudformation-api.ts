/** CloudFormation: templates are rewritten on their way in and restored on their way out. */
import { AwsError } from '../errors';
import { editReply, relay } from '../ministack/forward';
import { explainUnservedTypes } from './unserved-types';
import { restoreTemplate, restoreTypeNames, rewriteTemplate, typesOf } from './template';
import { parseTemplate } from './template-text';
import type { Upstream } from '../ministack/upstream';
import { escapeXml, unescapeXml } from '../front-door/xml';
import type { Interceptor } from '../types';

export interface CloudFormationDependencies {
  readonly upstream: Upstream;
  /** Types that the gateway serves itself. */
  readonly served: ReadonlySet<string>;
  /** Types that ministack provisions, as read from ministack. */
  readonly emulated: ReadonlySet<string>;
  /** ARN of the forwarder Lambda. */
  readonly serviceToken: string;
  /** Bucket through which rewritten templates pass: a TemplateBody may have 51,200 bytes only. */
  readonly bucket: string;
}

/** Of a template in the call, and of one in a bucket [CloudFormation quotas: template body size]. */
const MOST_BYTES = { TemplateBody: 51_200, TemplateURL: 1_000_000 } as const;

export function createCloudFormation(dependencies: CloudFormationDependencies): Interceptor {
  const { upstream, served, serviceToken } = dependencies;
  return async ({ action, params, message, body }) => {
    const form: Record<string, string> = { ...params };
    const key = form.TemplateBody || form.TemplateURL ? await rewriteForm(dependencies, form) : undefined;
    try {
      const sent = key ? new URLSearchParams(form).toString() : body;
      const reply = await relay(upstream, message, sent);
      const restoreText =
        action === 'GetTemplate'
          ? (xml: string) => restoreTemplateBody(xml, serviceToken)
          : (xml: string) => restoreTypeNames(xml, served);
      return await editReply(reply, restoreText);
    } finally {
      // ministack has read the template by the time it answers.
      if (key) await upstream.rest('s3', 'DELETE', `/${dependencies.bucket}/${key}`);
    }
  };
}

/** Points the form at the rewritten template; answers its key, or undefined where nothing had to be rewritten. */
async function rewriteForm(
  { upstream, served, emulated, serviceToken, bucket }: CloudFormationDependencies,
  form: Record<string, string>,
): Promise<string | undefined> {
  const text = form.TemplateBody || (await readTemplate(upstream, form.TemplateURL!));
  assertSize(text, form.TemplateBody ? 'TemplateBody' : 'TemplateURL');
  const template = parseTemplate(text);
  const problem = explainUnservedTypes(typesOf(template), served, emulated);
  if (problem) throw new AwsError('ValidationError', problem);
  const rewritten = rewriteTemplate(template, served, serviceToken);
  if (rewritten.logicalIds.length === 0) return undefined;
  const key = `${crypto.randomUUID()}.json`;
  const stored = await upstream.rest('s3', 'PUT', `/${bucket}/${key}`, JSON.stringify(rewritten.template), {
    'content-type': 'application/json',
  });
  if (stored.status >= 300) throw new Error(`cannot store the rewritten template: ${stored.status} ${stored.text}`);
  delete form.TemplateBody;
  form.TemplateURL = `https://s3.amazonaws.com/${bucket}/${key}`;
  return key;
}

/** As CloudFormation says it. */
function assertSize(text: string, way: keyof typeof MOST_BYTES): void {
  const most = MOST_BYTES[way];
  if (Buffer.byteLength(text) <= most) return;
  throw new AwsError(
    'ValidationError',
    way === 'TemplateURL'
      ? `Template may not exceed ${most} bytes in size.`
      : `1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to ${most}`,
  );
}

/** Path of an object in path style, whichever style the URL has. */
export function objectPath(templateUrl: string): string {
  const url = new URL(templateUrl);
  const bucket = /^(.+)\.s3[.-][^/]*$/.exec(url.hostname)?.[1];
  return (bucket ? `/${bucket}` : '') + url.pathname;
}

async function readTemplate(upstream: Upstream, templateUrl: string): Promise<string> {
  if (!URL.canParse(templateUrl)) throw new AwsError('ValidationError', `TemplateURL is no URL: ${templateUrl}`);
  const { status, text } = await upstream.rest('s3', 'GET', objectPath(templateUrl));
  if (status === 200) return text;
  throw new AwsError('ValidationError', `Template not found at ${templateUrl} (${status})`);
}

/** Undoes the rewriting in an answer of GetTemplate; a body that was never rewritten stays as it is, to the byte. */
export function restoreTemplateBody(xml: string, serviceToken: string): string {
  return xml.replace(/<TemplateBody>([\s\S]*?)<\/TemplateBody>/, (whole, escaped: string) => {
    const text = unescapeXml(escaped);
    if (!text.includes(serviceToken)) return whole;
    const restored = restoreTemplate(parseTemplate(text), serviceToken);
    return `<TemplateBody>${escapeXml(JSON.stringify(restored))}</TemplateBody>`;
  });
}
