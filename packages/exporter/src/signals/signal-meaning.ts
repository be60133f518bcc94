/** What a kind of signal means in `audit.*` and `event.*`. */
export interface SignalMeaning {
  /** `event.action`. */
  action: string;
  /** `event.code`, where several kinds of signals share an action. */
  code?: string;
  /** `audit.action`. */
  verb: string;
  /** ECS `event.category` and `event.type`. */
  category: readonly string[];
  type: readonly string[];
}

/** A session ended, or all sessions of somebody. */
export const SESSION_ENDED: SignalMeaning = {
  action: 'oidc.session.ended',
  verb: 'LOGOUT',
  category: ['authentication', 'session'],
  type: ['end'],
};

/** By which a receiver learns that a stream works. Shared Signals Framework 1.0, 8.1.4 */
export const VERIFICATION_EVENT = 'https://schemas.openid.net/secevent/ssf/event-type/verification';

const FAMILY = /^https:\/\/schemas\.openid\.net\/secevent\/(caep|risc|ssf)\/event-type\/([a-z][a-z-]{0,63})$/;

const IAM = ['iam'];
const AUTHENTICATION = ['authentication'];
const SESSION = ['authentication', 'session'];

/** What the events mean that are more to us than something that was told. CAEP 1.0, 3; RISC 1.0, 2 */
const MEANINGS: ReadonlyMap<string, Omit<SignalMeaning, 'action'>> = new Map([
  ['caep.assurance-level-change', { verb: 'UPDATE', category: AUTHENTICATION, type: ['info'] }],
  ['caep.credential-change', { verb: 'UPDATE', category: IAM, type: ['change', 'user'] }],
  ['caep.session-established', { verb: 'LOGIN', category: SESSION, type: ['start'] }],
  ['caep.session-presented', { verb: 'PRESENT', category: SESSION, type: ['info'] }],
  ['caep.token-claims-change', { verb: 'UPDATE', category: IAM, type: ['change', 'user'] }],
  ['risc.account-disabled', { verb: 'DISABLE', category: IAM, type: ['change', 'user'] }],
  ['risc.account-enabled', { verb: 'ENABLE', category: IAM, type: ['change', 'user'] }],
  ['risc.account-purged', { verb: 'DELETE', category: IAM, type: ['deletion', 'user'] }],
  ['risc.credential-compromise', { verb: 'REPORT', category: IAM, type: ['info', 'user'] }],
  ['ssf.stream-updated', { verb: 'UPDATE', category: ['configuration'], type: ['change'] }],
  ['ssf.verification', { verb: 'VERIFY', category: ['configuration'], type: ['info'] }],
]);

/** These end sessions: one, or all of the subject. */
const SESSION_ENDS: ReadonlySet<string> = new Set(['caep.session-revoked', 'risc.sessions-revoked']);

/** An event of a family that is not known, or of none: it was told, and is kept. */
const OTHER: Omit<SignalMeaning, 'action'> = { verb: 'REPORT', category: IAM, type: ['info'] };

/**
 * What an event means.
 *
 * @param type the URI of its type
 */
export function meaningOf(type: string): SignalMeaning {
  const [, family, event] = FAMILY.exec(type) ?? [];
  const name = family === undefined || event === undefined ? 'ssf.other' : `${family}.${event}`;
  if (SESSION_ENDS.has(name)) return { ...SESSION_ENDED, code: name };
  return { action: name, ...(MEANINGS.get(name) ?? OTHER) };
}
