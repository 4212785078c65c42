/** What the API of Systems Manager has of sessions. */
import type { ActionHandler } from '../types';
import type { NodeSessions } from './node-sessions';

export const sessionActions = (sessions: NodeSessions): Record<string, ActionHandler> => ({
  StartSession: (params, host) => sessions.start(params, host),
  ResumeSession: ({ SessionId }, host) => sessions.resume(SessionId, host),
  TerminateSession: ({ SessionId }) => {
    sessions.terminate(SessionId);
    return { SessionId };
  },
  DescribeSessions: ({ State }) => ({ Sessions: sessions.describe(State) }),
});
