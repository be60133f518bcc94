import {
  ATTR_OIDC_ERROR,
  ATTR_OIDC_SESSION_END_REASON,
  ATTR_OIDC_TOKEN_ID,
  ATTR_OIDC_TOKEN_REJECTION_REASON,
  EVENT_SESSION_ENDED,
  EVENT_TOKEN_REJECTED,
} from '@spanledger/record';
import { memberOf } from '../../attach/global-api.ts';
import { numberClaim, ownClaim, stringClaim } from '../../session/claims.ts';
import { defined } from '../../session/session.ts';
import { digestId, type TokenInfo, type TokenType } from '../../session/token.ts';
import { tokenAttributes } from '../../session/token-attributes.ts';
import type { HookContext, Observe } from '../library.ts';
import { rejectionReason } from './rejection.ts';

const BACKCHANNEL_LOGOUT = 'http://schemas.openid.net/event/backchannel-logout';

/**
 * Observes `jwtVerify(token, key, options)`: a verified token binds its session to the request, one that does not
 * verify becomes an event with the reason.
 */
export function observeJwtVerify(context: HookContext): Observe {
  const { lifecycle, sessions } = context;
  return (args) => {
    const site = lifecycle.callSite();
    const token = textOf(args[0]);
    return {
      succeeded: (result) => {
        const payload = memberOf(result, 'payload');
        if (typeof payload !== 'object' || payload === null) return;
        const header = memberOf(result, 'protectedHeader');
        if (isSecurityEvent(payload)) {
          recordLogout(payload);
          return;
        }
        const session = sessions.resolve(payload, token);
        if (session !== undefined) lifecycle.bind(site, { session, token: describe(payload, header, token) });
      },
      failed: (error) => {
        lifecycle.record(site, EVENT_TOKEN_REJECTED, rejectionAttributes(error, token));
      },
    };

    function recordLogout(payload: object): void {
      if (ownClaim(Object(ownClaim(payload, 'events')), BACKCHANNEL_LOGOUT) === undefined) return;
      const session = sessions.resolve(payload, undefined);
      if (session === undefined) return;
      session.state = 'logged_out';
      sessions.ended(session);
      lifecycle.record(site, EVENT_SESSION_ENDED, {
        ...session.describe(),
        [ATTR_OIDC_SESSION_END_REASON]: 'backchannel_logout',
      });
    }
  };

  /** Signature first, claims then: an error that carries a payload is about claims that are genuine. */
  function rejectionAttributes(error: unknown, token: string | undefined): Record<string, unknown> {
    const payload = memberOf(error, 'payload');
    const genuine = typeof payload === 'object' && payload !== null ? payload : undefined;
    const session = sessions.resolve(genuine, token);
    const info = genuine ? describe(genuine, undefined, token) : undefined;
    return defined({
      ...session?.short,
      ...(info ? tokenAttributes(info) : {}),
      ...(!info && token !== undefined ? { [ATTR_OIDC_TOKEN_ID]: digestId(token) } : {}),
      [ATTR_OIDC_ERROR]: 'invalid_token',
      [ATTR_OIDC_TOKEN_REJECTION_REASON]: rejectionReason(error),
    });
  }
}

/** Logout tokens and other security events are about a session; nobody acts under them. */
function isSecurityEvent(payload: object): boolean {
  return typeof ownClaim(payload, 'events') === 'object';
}

function describe(payload: object, header: unknown, token: string | undefined): TokenInfo | undefined {
  const id = stringClaim(payload, 'jti') ?? (token === undefined ? undefined : digestId(token));
  if (id === undefined) return undefined;
  return {
    type: typeOf(payload, header),
    id,
    issuedAt: numberClaim(payload, 'iat'),
    expiresAt: numberClaim(payload, 'exp'),
  };
}

/** `typ` says it (RFC 9068, Keycloak); else what only ID tokens have. */
function typeOf(payload: object, header: unknown): TokenType {
  const typ = memberOf(header, 'typ');
  if (typeof typ === 'string' && /^(?:application\/)?at\+jwt$/i.test(typ)) return 'access';
  const isId =
    ownClaim(payload, 'typ') === 'ID' ||
    ownClaim(payload, 'nonce') !== undefined ||
    ownClaim(payload, 'at_hash') !== undefined ||
    ownClaim(payload, 'c_hash') !== undefined;
  return isId ? 'id' : 'access';
}

/** jose takes a string or its bytes. */
function textOf(token: unknown): string | undefined {
  if (typeof token === 'string') return token;
  return token instanceof Uint8Array ? Buffer.from(token).toString('latin1') : undefined;
}
