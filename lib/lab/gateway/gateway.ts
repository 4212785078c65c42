/** Puts the gateway together: ministack behind, the services' interceptors, nodes, and the two listeners. */
import type http from 'node:http';
import { LAB_ACCOUNT_ID } from '../../contract';
import { ensureForwarder, SERVICE_TOKEN, TEMPLATE_BUCKET } from './cloudformation/forwarder';
import type { Log } from './log';
import { Ministack, readEmulatedTypes } from './ministack/ministack';
import type { CreateNodes } from './module';
import type { ResourceHandler } from './cloudformation/resource';
import { createResourceEvents } from './cloudformation/resource-events';
import { createResources } from './ec2/ec2-resources';
import { createServer, type Interceptor, type ServerDependencies } from './front-door/server';
import { createCloudFormation } from './cloudformation/cloudformation-api';
import { createEcr } from './ecr/ecr-api';
import { createPublicParameters } from './services/public-parameters';
import { createSts } from './iam/sts-api';
import { Sessions, type SessionData } from './iam/sessions';
import type { GatewaySettings } from './settings';
import type { Credential } from './front-door/sigv4';
import { gatewayStatus } from './gateway-status';
import { Store } from './store';
import { Upstream } from './ministack/upstream';

export interface Gateway {
  stop(): Promise<void>;
}

export interface GatewayDependencies {
  readonly settings: GatewaySettings;
  readonly createNodes: CreateNodes;
  readonly log: Log;
  /** Hears of an end that nobody asked for. */
  readonly onDeath: (reason: string) => void;
}

/** Starts everything and resolves when the gateway answers. */
export async function startGateway({ settings, createNodes, log, onDeath }: GatewayDependencies): Promise<Gateway> {
  const startedAt = Date.now();
  const upstream = new Upstream(settings.upstreamPort);
  const ministack = new Ministack(settings, upstream, log, onDeath);
  try {
    const [emulated] = await Promise.all([readEmulatedTypes(settings.pythonCommand), ministack.start()]);
    await ensureForwarder(upstream);
    const nodes = createNodes({ settings, upstream, log });
    const handlers = handlersByType([...createResources(upstream, log), ...nodes.resources]);
    const sessions = new Sessions(Store.open<SessionData>(settings.stateDirectory, 'sessions', { sessions: {} }));
    const served = new Set(handlers.keys());
    const cloudFormation = { upstream, served, emulated, serviceToken: SERVICE_TOKEN, bucket: TEMPLATE_BUCKET };
    const interceptors: Record<string, readonly Interceptor[]> = {
      cloudformation: [createCloudFormation(cloudFormation)],
      ecr: [createEcr(upstream, settings.secretAccessKey)],
      sts: [createSts(upstream, sessions)],
      ssm: [createPublicParameters(upstream), nodes.interceptors.ssm],
      ec2: [nodes.interceptors.ec2],
      autoscaling: [nodes.interceptors.autoscaling],
      // Nothing of its own, but read whole, so that what must never be forwarded is seen.
      secretsmanager: [],
    };
    const dependencies: ServerDependencies = {
      upstream,
      log,
      interceptors,
      authentication: {
        labSecret: settings.secretAccessKey,
        credentialOf: (accessKeyId) =>
          labCredential(settings, accessKeyId) ??
          nodeCredential(accessKeyId, nodes.credentials.lookup(accessKeyId)) ??
          sessions.lookup(accessKeyId, new Date()),
      },
      metadata: nodes.metadata,
      status: () => gatewayStatus(startedAt, ministack.processId, nodes.status?.() ?? {}),
      resourceEvent: createResourceEvents(upstream, handlers, log),
    };
    const servers = [createServer(dependencies, false), createServer(dependencies, true)] as const;
    await listen(servers[1], settings.trustedPort, '127.0.0.1');
    await nodes.start();
    await listen(servers[0], settings.port, settings.listenAddress);
    log('gateway', `answers on port ${settings.port} after ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
    return {
      async stop() {
        for (const server of servers) {
          server.close();
          server.closeIdleConnections();
        }
        await nodes.stop();
        await ministack.stop();
        for (const server of servers) server.closeAllConnections();
        upstream.close();
      },
    };
  } catch (error) {
    await ministack.stop();
    throw error;
  }
}

function handlersByType(handlers: readonly ResourceHandler[]): Map<string, ResourceHandler> {
  const byType = new Map(handlers.map((handler) => [handler.type, handler]));
  if (byType.size !== handlers.length) throw new Error('two handlers serve the same resource type');
  return byType;
}

const labCredential = (settings: GatewaySettings, accessKeyId: string): Credential | undefined =>
  accessKeyId === LAB_ACCOUNT_ID ? { accessKeyId, secretAccessKey: settings.secretAccessKey } : undefined;

const nodeCredential = (accessKeyId: string, secretAccessKey: string | undefined): Credential | undefined =>
  secretAccessKey === undefined ? undefined : { accessKeyId, secretAccessKey };

function listen(server: http.Server, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(new Error(`cannot listen on ${address}:${port}: ${error.message}`)));
    server.listen(port, address, resolve);
  });
}
