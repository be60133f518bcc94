export type { SessionRow } from './session-row.ts';
export { openSessions } from './session-store.ts';
export type { SessionStore } from './session-store.ts';
