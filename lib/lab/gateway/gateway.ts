/** Starts ministack, the services in front of it, and the two listeners. */
import type http from 'node:http';
import { LAB_ACCOUNT_ID } from '../../contract';
import { ensureForwarder } from './cloudformation/forwarder';
import { createResourceEvents } from './cloudformation/resource-events';
import { createServer, type ServerDependencies } from './front-door/server';
import type { KnownCredential } from './front-door/authentication';
import { gatewayStatus } from './gateway-status';
import type { Log } from './log';
import { Ministack, readEmulatedTypes } from './ministack/ministack';
import { Upstream } from './ministack/upstream';
import { createServices } from './services';
import type { GatewaySettings } from './settings';
import { findModels, Models } from './shapes/load';
import { ShapeWatch } from './shapes/watch';

export interface Gateway {
  stop(): Promise<void>;
}

export interface GatewayDependencies {
  readonly settings: GatewaySettings;
  readonly log: Log;
  /** Hears of an end that nobody asked for. */
  readonly onDeath: (reason: string) => void;
}

/** Starts everything and resolves when the gateway answers. */
export async function startGateway({ settings, log, onDeath }: GatewayDependencies): Promise<Gateway> {
  const startedAt = Date.now();
  const upstream = new Upstream(settings.upstreamPort);
  const ministack = new Ministack(settings, upstream, log, onDeath);
  try {
    const [emulated, modelDirectory] = await Promise.all([
      readEmulatedTypes(settings.pythonCommand),
      findModels(settings.pythonCommand),
      ministack.start(),
    ]);
    await ensureForwarder(upstream);
    const services = createServices({ settings, upstream, log, emulated });
    const shapes = new ShapeWatch(new Models(modelDirectory), log);
    const dependencies: ServerDependencies = {
      upstream,
      log,
      shapes,
      interceptors: services.interceptors,
      authentication: {
        labSecret: settings.secretAccessKey,
        credentialOf: (accessKeyId) => labCredential(settings, accessKeyId) ?? services.credentialOf(accessKeyId),
        functionOf: services.functionOf,
      },
      authorizer: services.authorizer,
      throttle: services.throttle,
      iamReport: services.iamReport,
      applyAssociationsDue: services.applyAssociationsDue,
      metadata: services.metadata,
      upgrade: services.upgrade,
      status: () => gatewayStatus(startedAt, ministack.processId, { ...services.status(), ...shapes.report() }),
      resourceEvent: createResourceEvents(upstream, services.resources, services.progress, log),
    };
    const servers = [createServer(dependencies, false), createServer(dependencies, true)] as const;
    await listen(servers[1], settings.trustedPort, '127.0.0.1');
    await services.start();
    await listen(servers[0], settings.port, settings.listenAddress);
    log('gateway', `answers on port ${settings.port} after ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
    return {
      async stop() {
        for (const server of servers) {
          server.close();
          server.closeIdleConnections();
        }
        services.stop();
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

const labCredential = (settings: GatewaySettings, accessKeyId: string): KnownCredential | undefined =>
  accessKeyId === LAB_ACCOUNT_ID ? { accessKeyId, secretAccessKey: settings.secretAccessKey } : undefined;

function listen(server: http.Server, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(new Error(`cannot listen on ${address}:${port}: ${error.message}`)));
    server.listen(port, address, resolve);
  });
}
