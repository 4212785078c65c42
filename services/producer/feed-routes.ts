import { hostname } from 'node:os';
import type { IncomingMessage } from 'node:http';
import type { Reply } from '../common/http';
import type { BodyReader } from '../common/http-body';
import { Problem, unavailable } from '../common/problem';
import { SimulatedFeed, type Feed } from './feed';
import { readFeedSettings } from './feed-settings';
import { requireKey } from './produce';

export interface FeedRouteDeps {
  readonly isAuthorised: (key: string | string[] | undefined) => boolean;
  readonly isStopping: () => boolean;
  readonly bodies: BodyReader;
  readonly feed: Feed;
  readonly taskSlot: number;
}

export function getFeed(request: IncomingMessage, deps: FeedRouteDeps): Reply {
  requireKey(request, deps);
  return describe(deps);
}

/** Holds for this replica alone: there is no place that replicas share, and a restart is to begin as configured. */
export async function putFeed(request: IncomingMessage, deps: FeedRouteDeps): Promise<Reply> {
  requireKey(request, deps);
  if (deps.isStopping()) throw unavailable('stopping', 'this replica is stopping');
  const settings = readFeedSettings(await deps.bodies.readJson(request));
  const { feed } = deps;
  if (!(feed instanceof SimulatedFeed)) {
    const detail = 'this replica polls an HTTP source; change feed in the configuration of the producer';
    throw new Problem(409, 'no-simulator', 'Conflict', detail);
  }
  feed.apply(settings);
  return describe(deps);
}

function describe({ feed, taskSlot }: FeedRouteDeps): Reply {
  const replica = { hostname: hostname(), task_slot: taskSlot };
  return { status: 200, body: { ...feed.state, replica, holds: 'for this replica, until it restarts' } };
}
