/** STS: the temporary credentials that it hands out are remembered, so that requests signed with them are known. */
import { editReply, relay } from '../ministack/forward';
import type { Sessions } from './sessions';
import type { Upstream } from '../ministack/upstream';
import type { Interceptor } from '../types';

export function createSts(upstream: Upstream, sessions: Sessions): Interceptor {
  return async ({ message, body, principal }) => {
    const reply = await relay(upstream, message, body);
    if (reply.status === 200) sessions.remember(reply.text, new Date(), principal);
    return editReply(reply, (text) => text);
  };
}
