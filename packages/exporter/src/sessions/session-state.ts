import { TOKEN_EXPIRY } from './session-step.ts';
import type { SessionStep } from './session-step.ts';

/** The states of a session, as `oidc.session.state` names them; `started` is a login that nothing followed yet. */
export type SessionState = 'active' | 'expired' | 'idle' | 'logged_out' | 'refreshed' | 'revoked' | 'started';

/** Where a session is in its life. */
export interface SessionStanding {
  state: SessionState;
  /** When it ended, RFC 3339; absent while it lives. */
  ended?: string;
  /** Ledger index of the record that shows the end. */
  endIndex?: number;
}

/** Why a session expired that nothing but a new login brings back. */
const ABSOLUTE = 'absolute';

/**
 * Where the steps of a session lead, taken in the order of their times. Records of several services arrive interleaved
 * and late, and the answer is the same in whatever order they did.
 *
 * An end that somebody brought about (a logout, a revocation) stays, but that a login after a logout begins anew:
 * at the provider the session may have gone on. An expiry is undone by a refresh, unless the session was as old as it
 * may become.
 *
 * @param steps - in the order of their times
 * @param lastActive - when the session was used last, RFC 3339; undefined where it never was
 */
export function standingOf(steps: readonly SessionStep[], lastActive: string | undefined): SessionStanding {
  // What a record claims of a session counts where nobody told of the end itself.
  const isTold = steps.some(({ step, claimed }) => isEnd(step) && claimed !== true);
  let at: SessionStep | undefined;
  for (const step of steps) {
    if (step.void === true || (step.claimed === true && isTold && isEnd(step.step))) continue;
    if (leads(at, step)) at = step;
  }
  if (at === undefined) return { state: 'active' };
  const isUsedSince = lastActive !== undefined && lastActive > at.time;
  const state = stateAfter(at, isUsedSince);
  return isEnded(state) ? { state, ended: at.time, endIndex: at.index } : { state };
}

/** True for the states that a session does not leave by being used. */
export function isEnded(state: SessionState): boolean {
  return state === 'expired' || state === 'logged_out' || state === 'revoked';
}

/** Whether a step changes where the steps before it led. */
function leads(at: SessionStep | undefined, { step }: SessionStep): boolean {
  switch (step) {
    case 'started':
      return at === undefined || at.step === 'expired' || at.step === 'logged_out';
    case 'refreshed':
      return !isOver(at) && !(at?.step === 'expired' && at.reason === ABSOLUTE);
    case 'idle':
      return !isOver(at) && at?.step !== 'expired';
    case 'expired':
      return !isOver(at) && at?.step !== 'expired';
    case 'logged_out':
    case 'revoked':
      return !isOver(at);
    case 'active':
    case 'authenticated':
    case 'used_after_end':
      return false;
  }
}

function isOver(at: SessionStep | undefined): boolean {
  return at?.step === 'logged_out' || at?.step === 'revoked';
}

function isEnd(step: SessionStep['step']): boolean {
  return step === 'expired' || step === 'logged_out' || step === 'revoked';
}

function stateAfter({ step, reason }: SessionStep, isUsedSince: boolean): SessionState {
  switch (step) {
    case 'started':
    case 'idle':
      return isUsedSince ? 'active' : step;
    case 'expired':
      return isUsedSince && reason === TOKEN_EXPIRY ? 'active' : step;
    case 'logged_out':
    case 'refreshed':
    case 'revoked':
      return step;
    case 'active':
    case 'authenticated':
    case 'used_after_end':
      return 'active';
  }
}
