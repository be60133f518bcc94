import { memberOf } from '../../attach/global-api.ts';
import type { ClientIdentity } from '../../events/client.ts';
import { stringClaim } from '../../session/claims.ts';
import { peekPayload } from '../../session/token.ts';

/** A request that passes `auth()`, as the objects `req.oidc` and `res.oidc` see it. */
export interface Exchange {
  readonly config: unknown;
  readonly request: unknown;
  readonly response: unknown;
  /** Told of what goes to the error handlers while `login` or `callback` is at work. */
  onError?: ((error: unknown) => void) | undefined;
}

/** What the library keeps of the login; undefined for somebody who is not logged in. */
export function sessionData({ config, request }: Exchange): object | undefined {
  const name = memberOf(memberOf(config, 'session'), 'name');
  const data = typeof name === 'string' ? memberOf(request, name) : undefined;
  return typeof data === 'object' && data !== null && 'id_token' in data ? data : undefined;
}

/**
 * The claims of the ID token. Decoding is enough: the library has verified it before it sealed the session. As the
 * library does it, the `sid` of the login counts where a refreshed ID token has none.
 */
export function sessionClaims(data: object): object | undefined {
  const idToken = memberOf(data, 'id_token');
  const claims = typeof idToken === 'string' ? peekPayload(idToken) : undefined;
  const sid = stringClaim(data, 'sid');
  return claims && (sid === undefined ? claims : { sid, ...claims });
}

/** The client, and the provider as the session's ID token names it. */
export function clientOf(exchange: Exchange): ClientIdentity {
  const claims = sessionClaims(sessionData(exchange) ?? {});
  const clientId = memberOf(exchange.config, 'clientID');
  return {
    clientId: typeof clientId === 'string' ? clientId : undefined,
    issuer: claims && stringClaim(claims, 'iss'),
  };
}

/** Whether this is where the provider sends the browser back to: whoever comes here is about to be somebody else. */
export function isCallback({ config, request }: Exchange): boolean {
  const route = memberOf(memberOf(config, 'routes'), 'callback');
  return typeof route === 'string' && memberOf(request, 'path') === `/${route.replace(/^\//, '')}`;
}

/** Whether a session is looked up among those that a back-channel logout has ended, before it counts. */
export function checksLogout({ config }: Exchange): boolean {
  const settings = memberOf(config, 'backchannelLogout');
  return Boolean(settings) && memberOf(settings, 'isLoggedOut') !== false;
}

/** A parameter of the authorization response: in the query, or in the form that the browser posts. */
export function answerParameter({ request }: Exchange, name: string): string | undefined {
  const value = memberOf(memberOf(request, 'query'), name) ?? memberOf(memberOf(request, 'body'), name);
  return typeof value === 'string' && value !== '' ? value : undefined;
}
