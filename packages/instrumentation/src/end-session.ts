import { recordSessionEnd, SESSION_END_REASONS, type SessionEndReason } from './events/session-end.ts';
import { installedRuntime } from './global-runtime.ts';
import { guarded } from './warning.ts';

/**
 * Records that the session which the request is bound to has ended, for applications whose logout no library sees: a
 * cookie that is cleared, a timeout of their own.
 *
 * @example
 *   import { endSession } from '@spanledger/instrumentation-oidc';
 *
 *   app.post('/logout', (request, response) => {
 *     endSession('logout');
 *     response.clearCookie('session').redirect('/');
 *   });
 *
 * @param reason - `logout`, `backchannel_logout`, `inactivity`, `expiry` or `revoked`.
 * @returns Whether a session ended. False without `register`, and where the request is bound to none. Never throws.
 */
export function endSession(reason: SessionEndReason = 'logout'): boolean {
  return (
    guarded('END_SESSION', () => {
      const events = installedRuntime()?.events;
      if (events === undefined || !SESSION_END_REASONS.includes(reason)) return false;
      const site = events.lifecycle.callSite();
      const session = events.lifecycle.sessionAt(site);
      if (session === undefined) return false;
      recordSessionEnd(events, site, { session, reason });
      return true;
    }) ?? false
  );
}
