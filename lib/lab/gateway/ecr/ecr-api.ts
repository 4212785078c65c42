/** ECR: the registry is the gateway itself, under whatever address the caller reached it. */
import { ECR_HOST } from '../settings';
import { editReply, relay } from '../ministack/forward';
import { issueToken } from './registry';
import type { Upstream } from '../ministack/upstream';
import { jsonReply } from '../front-door/wire';
import { AwsError } from '../errors';
import type { Interceptor } from '../types';

export function createEcr(upstream: Upstream, labSecret: string): Interceptor {
  return async ({ action, params, message, body, principal }) => {
    const host = message.headers.host ?? '';
    switch (action) {
      case 'GetAuthorizationToken':
        return jsonReply({
          authorizationData: [{ ...issueToken(labSecret, new Date(), principal), proxyEndpoint: registryUrl(host) }],
        });
      case 'DescribeImages': {
        const reply = await relay(upstream, message, body);
        return editReply(reply, (text) => (reply.status === 200 ? requireEveryImage(params.imageIds, text) : text));
      }
      case 'CreateRepository':
      case 'DescribeRepositories':
      case 'DeleteRepository':
        return editReply(await relay(upstream, message, body), (text) => nameRegistry(text, host));
      default:
        return undefined;
    }
  };
}

/** By an address on loopback, docker may speak plain HTTP; any other name (inside nodes) is AWS's own. */
const isLoopback = (host: string): boolean => /^(127\.\d+\.\d+\.\d+|localhost)(:\d+)?$/.test(host);

const registryUrl = (host: string): string => (isLoopback(host) ? `http://${host}` : `https://${ECR_HOST}`);

const nameRegistry = (text: string, host: string): string =>
  isLoopback(host) ? text.replaceAll(`${ECR_HOST}/`, `${host}/`) : text;

/** ECR fails where an image is missing; ministack answers a shorter list, and `cdk deploy` would never push. */
export function requireEveryImage(imageIds: readonly unknown[] | undefined, text: string): string {
  const found = (JSON.parse(text) as { imageDetails?: unknown[] }).imageDetails ?? [];
  if (!imageIds || found.length >= imageIds.length) return text;
  throw new AwsError('ImageNotFoundException', `The image requested does not exist: ${JSON.stringify(imageIds)}`);
}
