import { memberOf } from '../attach/global-api.ts';
import type { CallSite } from '../session/lifecycle.ts';
import type { Session } from '../session/session.ts';
import type { EventContext } from './event-context.ts';
import { recordSessionEnd } from './session-end.ts';

/* Sessions that a library keeps in a cookie of its own making, in which neither issuer nor subject need to stand. What
 * can be proven is what this process has seen: that the library set this very value for a person who logged in here, or
 * renewed it from such a one. A cookie that another process has set, or this one before it was started anew, is bound
 * only if the application puts `iss` and `sub` into it. */

/**
 * Remembers the session cookie that a library sets.
 *
 * @param session - Whose it is.
 * @param name - The cookie's name.
 * @param cookies - Every cookie that is set: `{ name, value }`. A value that is too long is spread over `name.0`, `name.1` …
 */
export function rememberCookie(
  { sessions }: EventContext,
  session: Session,
  name: string,
  cookies: unknown,
): void {
  const value = joinedValue(name, cookies);
  if (value !== '') sessions.remember(session, value);
}

/**
 * Binds the request to the session of a cookie that its library has accepted.
 *
 * @returns The session; undefined where this process does not know the cookie.
 */
export function bindCookie(
  { lifecycle, sessions }: EventContext,
  site: CallSite,
  value: unknown,
): Session | undefined {
  const session = typeof value === 'string' ? sessions.ofToken(value) : undefined;
  if (session !== undefined) lifecycle.bind(site, { session, token: undefined });
  return session;
}

/** Records that somebody logs out of the application, whose session the cookie may tell. */
export function recordCookieEnd(context: EventContext, site: CallSite, value: unknown): void {
  if (typeof value !== 'string' || value === '') return;
  const session = bindCookie(context, site, value) ?? context.lifecycle.sessionAt(site);
  recordSessionEnd(context, site, { session, reason: 'logout' });
}

function joinedValue(name: string, cookies: unknown): string {
  if (!Array.isArray(cookies)) return '';
  const found = new Map<string, string>();
  for (const cookie of cookies) {
    const [key, value] = [memberOf(cookie, 'name'), memberOf(cookie, 'value')];
    if (typeof key === 'string' && typeof value === 'string' && value !== '') found.set(key, value);
  }
  let joined = found.get(name) ?? '';
  for (let index = 0; found.has(`${name}.${index}`); index += 1)
    joined += found.get(`${name}.${index}`) ?? '';
  return joined;
}
