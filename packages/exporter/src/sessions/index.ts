export type { SessionRow } from './session-row.ts';
export type { SessionState } from './session-state.ts';
export { openSessions } from './session-store.ts';
export type { SessionStore, SessionStoreOptions } from './session-store.ts';
