/** The Lambda that is every rewritten resource's ServiceToken: it hands the event to the gateway and returns. */
import { strToU8, zipSync } from 'fflate';
import { LAB_ACCOUNT_ID, LAB_REGION } from '../../../contract';
import type { Upstream } from '../ministack/upstream';

const FUNCTION_NAME = 'metals-lab-resources';
export const SERVICE_TOKEN = `arn:aws:lambda:${LAB_REGION}:${LAB_ACCOUNT_ID}:function:${FUNCTION_NAME}`;
/** Bucket through which rewritten templates reach ministack. */
export const TEMPLATE_BUCKET = 'metals-lab-templates';

/** Runs in ministack's own container, where AWS_ENDPOINT_URL is the gateway's trusted listener. */
const HANDLER = `exports.handler = async (event) => {
  const response = await fetch(process.env.AWS_ENDPOINT_URL + '/_lab/resource', { method: 'POST', body: JSON.stringify(event) });
  if (!response.ok) throw new Error(await response.text());
};
`;

const FUNCTIONS = '/2015-03-31/functions';

/** Creates function and bucket, or brings those of an earlier start up to date. */
export async function ensureForwarder(upstream: Upstream): Promise<void> {
  const ZipFile = Buffer.from(zipSync({ 'index.js': strToU8(HANDLER) })).toString('base64');
  const existing = await upstream.rest('lambda', 'GET', `${FUNCTIONS}/${FUNCTION_NAME}`);
  if (existing.status === 200) {
    await expectSuccess(upstream, 'PUT', `${FUNCTIONS}/${FUNCTION_NAME}/code`, { ZipFile });
  } else {
    await expectSuccess(upstream, 'POST', FUNCTIONS, {
      FunctionName: FUNCTION_NAME,
      Description: 'Hands custom-resource events to the gateway of the lab',
      Runtime: 'nodejs22.x',
      Handler: 'index.handler',
      Role: `arn:aws:iam::${LAB_ACCOUNT_ID}:role/${FUNCTION_NAME}`,
      Timeout: 60,
      Code: { ZipFile },
    });
  }
  const location = `<CreateBucketConfiguration><LocationConstraint>${LAB_REGION}</LocationConstraint></CreateBucketConfiguration>`;
  const bucket = await upstream.rest('s3', 'PUT', `/${TEMPLATE_BUCKET}`, location);
  if (bucket.status >= 300 && bucket.status !== 409)
    throw new Error(`cannot create the bucket ${TEMPLATE_BUCKET}: ${bucket.status} ${bucket.text}`);
}

async function expectSuccess(upstream: Upstream, method: string, path: string, body: unknown): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const { status, text } = await upstream.rest('lambda', method, path, JSON.stringify(body), headers);
  if (status >= 300) throw new Error(`cannot create the forwarder Lambda: ${method} ${path}: ${status} ${text}`);
}
