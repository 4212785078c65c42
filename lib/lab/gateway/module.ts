/** How main.ts wires the part of the lab that runs instances and documents (nodes/index.ts exports `createNodes`). */
import type http from 'node:http';
import type { Log } from './log';
import type { ResourceHandler } from './cloudformation/resource';
import type { Interceptor } from './front-door/server';
import type { GatewaySettings } from './settings';
import type { Upstream } from './ministack/upstream';

export interface NodesDependencies {
  readonly settings: GatewaySettings;
  readonly upstream: Upstream;
  readonly log: Log;
}

export interface NodesModule {
  readonly resources: readonly ResourceHandler[];
  readonly interceptors: Readonly<Record<'ec2' | 'autoscaling' | 'ssm', Interceptor>>;
  /** Instance metadata: requests whose Host is 169.254.169.254. */
  readonly metadata: (request: http.IncomingMessage, response: http.ServerResponse) => void;
  readonly credentials: {
    /** The secret access key of role credentials that instance metadata handed out. */
    lookup(accessKeyId: string): string | undefined;
  };
  /** JSON for /_lab/status: instances, commands, memory. */
  readonly status?: () => Record<string, unknown>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export type CreateNodes = (dependencies: NodesDependencies) => NodesModule;
