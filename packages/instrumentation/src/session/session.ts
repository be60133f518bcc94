import {
  ATTR_OIDC_ACR,
  ATTR_OIDC_AMR,
  ATTR_OIDC_AUTH_TIME,
  ATTR_OIDC_CLIENT_ID,
  ATTR_OIDC_GRANT_TYPE,
  ATTR_OIDC_FLOW,
  ATTR_OIDC_ISSUER,
  ATTR_OIDC_SCOPE,
  ATTR_OIDC_SESSION_STATE,
  ATTR_SESSION_ID,
  ATTR_USER_ID,
} from '@spanledger/record';
import { createHmac, hash } from 'node:crypto';
import type { SpanAttributes } from '../otlp/recorded-span.ts';
import type { SessionClaims } from './claims.ts';
import type { IdentityKey } from './identity.ts';
import type { TokenInfo } from './token.ts';

/** Where a session is in its life, as far as this process has seen. */
export type SessionState = 'active' | 'refreshed' | 'expired' | 'revoked' | 'logged_out';

/** What a session was made from, apart from the claims. */
export interface SessionOrigin {
  /** `user.id`; undefined in the minimal identity mode. */
  readonly userId: string | undefined;
  /** The client, where the claims do not say. */
  readonly clientId: string | undefined;
  /** Attributes of the claims that the operator opted in. */
  readonly optedIn: SpanAttributes;
}

const DIGEST_CHARS = 32;

/**
 * The stable id of a session: `sid`; else a digest of issuer, subject, client and time of authentication, which every
 * token of one login has in common.
 *
 * @param claims - The claims.
 * @param clientId - The client.
 * @param key - Where the identity mode hides the subject: the other parts are told, and subjects can be guessed.
 */
export function sessionIdOf(
  claims: SessionClaims,
  clientId: string | undefined,
  key: IdentityKey | undefined,
): string {
  if (claims.sessionId !== undefined) return claims.sessionId;
  const parts = JSON.stringify([claims.issuer, claims.subject, clientId ?? null, claims.authTime ?? null]);
  const digest =
    key === undefined ? hash('sha256', parts, 'hex') : createHmac('sha256', key).update(parts).digest('hex');
  return digest.slice(0, DIGEST_CHARS);
}

/** Marks of a token. */
interface LearnedFrom {
  readonly key: string | undefined;
  readonly end: string | undefined;
}

/** An OpenID Connect session that a verified token vouched for. One object per session and process. */
export class Session {
  readonly id: string;
  readonly issuer: string;
  readonly subject: string;
  readonly clientId: string | undefined;
  readonly authTime: number | undefined;
  /** The attributes that every span carries. */
  readonly short: SpanAttributes;
  state: SessionState = 'active';
  /** By what the token is known again whose claims were learned last; see tokenKey and signatureEnd. */
  learnedFrom: LearnedFrom = { key: undefined, end: undefined };
  /** The newest access token that was issued here. */
  accessToken: TokenInfo | undefined;
  #whole: SpanAttributes;

  constructor(id: string, claims: SessionClaims, origin: SessionOrigin) {
    this.id = id;
    this.issuer = claims.issuer;
    this.subject = claims.subject;
    this.clientId = claims.clientId ?? origin.clientId;
    this.authTime = claims.authTime;
    this.short = defined({
      [ATTR_SESSION_ID]: id,
      [ATTR_USER_ID]: origin.userId,
      [ATTR_OIDC_CLIENT_ID]: this.clientId,
      [ATTR_OIDC_ISSUER]: claims.issuer,
    });
    this.#whole = { ...this.short };
    this.learn(claims, origin.optedIn);
  }

  /** Adds what another token of the session says; what was known stays unless it is said anew. */
  learn(claims: SessionClaims, optedIn: SpanAttributes): void {
    this.#whole = {
      ...this.#whole,
      ...defined({
        [ATTR_OIDC_ACR]: claims.acr,
        [ATTR_OIDC_AMR]: claims.amr,
        [ATTR_OIDC_AUTH_TIME]: claims.authTime,
        [ATTR_OIDC_SCOPE]: claims.scope,
      }),
      ...optedIn,
    };
  }

  /** Notes how the session was obtained. */
  learnGrant(grantType: string, flow: string, scope: readonly string[] | undefined): void {
    this.#whole = {
      ...this.#whole,
      ...defined({ [ATTR_OIDC_GRANT_TYPE]: grantType, [ATTR_OIDC_FLOW]: flow, [ATTR_OIDC_SCOPE]: scope }),
    };
  }

  /**
   * Writes {@link short}. Property by property takes a third of what Object.assign takes; and with names in full, not by
   * constants, since a computed name turns an object of more than twelve properties into a hash table: 1,000 ns a span.
   */
  writeShort(attributes: SpanAttributes): void {
    const { short } = this;
    attributes['session.id'] = short[ATTR_SESSION_ID];
    if (short[ATTR_USER_ID] !== undefined) attributes['user.id'] = short[ATTR_USER_ID];
    if (short[ATTR_OIDC_CLIENT_ID] !== undefined) attributes['oidc.client_id'] = short[ATTR_OIDC_CLIENT_ID];
    attributes['oidc.issuer'] = short[ATTR_OIDC_ISSUER];
  }

  /** Writes what {@link describe} tells. */
  writeWhole(attributes: SpanAttributes): void {
    Object.assign(attributes, this.#whole);
    attributes['oidc.session.state'] = this.state;
  }

  /** Everything that is known, for local roots and lifecycle events. */
  describe(): SpanAttributes {
    return { ...this.#whole, [ATTR_OIDC_SESSION_STATE]: this.state };
  }
}

/** Without the attributes that have no value. */
export function defined(attributes: SpanAttributes): SpanAttributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}
