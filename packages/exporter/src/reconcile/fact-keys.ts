import type { Fact } from './fact.ts';

/** A client took part in a session. */
export function sessionStarted(sessionId: string, clientId: string): Fact {
  return { kind: 'session.started', key: `${sessionId} ${clientId}` };
}

/** A session ended: one by its id, … */
export function sessionEnded(sessionId: string): Fact {
  return { kind: 'session.ended', key: `session ${sessionId}` };
}

/** … or all those of somebody. */
export function sessionsOfUserEnded(userId: string): Fact {
  return { kind: 'session.ended', key: `user ${userId}` };
}

/** A token endpoint refused a client. */
export function grantRefused(clientId: string, grantType: string): Fact {
  return { kind: 'grant.refused', key: `${clientId} ${grantType}` };
}
