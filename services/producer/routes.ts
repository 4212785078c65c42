import type { Reply, Route } from '../common/http';
import { getFeed, putFeed, type FeedRouteDeps } from './feed-routes';
import { produce, type ProduceDeps } from './produce';

export interface RouteDeps extends ProduceDeps, FeedRouteDeps {
  readonly health: () => Reply;
  readonly metrics: () => Promise<Reply>;
  readonly openApi: object;
}

export function producerRoutes(deps: RouteDeps): readonly Route[] {
  const openApi: Reply = { status: 200, body: `${JSON.stringify(deps.openApi)}\n` };
  return [
    { method: 'POST', path: '/produce', handle: (request) => produce(request, deps) },
    { method: 'GET', path: '/feed', handle: (request) => getFeed(request, deps) },
    { method: 'PUT', path: '/feed', handle: (request) => putFeed(request, deps) },
    { method: 'GET', path: '/health', handle: deps.health },
    { method: 'GET', path: '/metrics', handle: deps.metrics },
    { method: 'GET', path: '/openapi.json', handle: () => openApi },
  ];
}
