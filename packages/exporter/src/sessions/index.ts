export type { SessionLimits, SessionsConfig } from './session-limits.ts';
export { toMoment } from './moment.ts';
export type { Evidence, SessionRow } from './session-row.ts';
export { openSessions } from './session-store.ts';
export type { SessionStore } from './session-store.ts';
export type { TokenRow } from './token-row.ts';
export { StoredSessions } from './stored-sessions.ts';
export type { SessionDifference } from './stored-sessions.ts';
