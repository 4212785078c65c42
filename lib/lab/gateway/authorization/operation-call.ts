/** Requests as calls: what the front door has read, in the form that is judged. */
import type http from 'node:http';
import { splitUrl } from '../front-door/sigv4';
import { parseRequest } from '../front-door/wire';
import type { OperationCall } from './operation';

/** `body` may be missing where it says nothing about the permission (S3). */
export function operationCall(service: string, message: http.IncomingMessage, body: Buffer | undefined): OperationCall {
  const { path, query } = splitUrl(message.url!);
  const target = message.headers['x-amz-target'];
  const { action, params } = parseRequest(message, body ?? Buffer.alloc(0));
  return {
    service,
    targetPrefix: typeof target === 'string' ? target.slice(0, target.lastIndexOf('.')) : undefined,
    operation: action,
    params,
    method: message.method!,
    path,
    query,
  };
}

/** What ECR checks when Docker pulls: the permission for each request of the registry's protocol. */
const PULLING: Readonly<Record<string, string>> = {
  'GET manifests': 'BatchGetImage',
  'HEAD manifests': 'BatchGetImage',
  'GET blobs': 'GetDownloadUrlForLayer',
  'HEAD blobs': 'BatchCheckLayerAvailability',
};

/** A request of Docker's registry protocol as a call of ECR; undefined for the greeting `/v2/`, which needs a token alone. */
export function registryCall(message: http.IncomingMessage): OperationCall | undefined {
  const { path, query } = splitUrl(message.url!);
  if (/^\/v2\/?$/.test(path)) return undefined;
  const [, repositoryName, kind = ''] = /^\/v2\/(.+)\/(manifests|blobs)\/[^/]+$/.exec(path) ?? [];
  const method = message.method!;
  const operation = PULLING[`${method} ${kind}`] ?? '';
  const targetPrefix = 'AmazonEC2ContainerRegistry_V20150921';
  return { service: 'ecr', targetPrefix, operation, params: { repositoryName }, method, path, query };
}
