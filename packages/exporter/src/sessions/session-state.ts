/** The states of a session, as `oidc.session.state` names them; `started` is a login that nothing followed yet. */
export type SessionState = 'active' | 'expired' | 'idle' | 'logged_out' | 'refreshed' | 'revoked' | 'started';

/** What one record says about its session. */
export type SessionSignal = 'expired' | 'idle' | 'logged_out' | 'refreshed' | 'revoked' | 'seen' | 'started';

/**
 * What a session is after a record, by what it was before. Records of several services arrive interleaved and late, so
 * an end that somebody brought about (a logout, a revocation) stays, whatever arrives after it; an expiry is undone by
 * a refresh.
 *
 * @param state - undefined before the first record
 */
export function nextSessionState(state: SessionState | undefined, signal: SessionSignal): SessionState {
  switch (state) {
    case undefined:
      return signal === 'seen' ? 'active' : signal;
    case 'logged_out':
    case 'revoked':
      return state;
    case 'expired':
      return signal === 'refreshed' || signal === 'logged_out' || signal === 'revoked' ? signal : state;
    case 'refreshed':
      return signal === 'seen' || signal === 'started' ? state : signal;
    case 'active':
    case 'idle':
    case 'started':
      if (signal === 'seen') return 'active';
      return signal === 'started' ? state : signal;
  }
}

/** True for the states that a session does not leave by being used. */
export function isEnded(state: SessionState): boolean {
  return state === 'expired' || state === 'logged_out' || state === 'revoked';
}
