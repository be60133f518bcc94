export { bindSession } from './bind-session.ts';
export type { VerifiedClaims } from './bind-session.ts';
export { withSession } from './with-session.ts';
