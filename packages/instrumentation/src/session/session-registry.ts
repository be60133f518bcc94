import { memberOf } from '../attach/global-api.ts';
import type { InstrumentationConfig } from '../config.ts';
import { BoundedMap } from './bounded-map.ts';
import { readSessionClaims, type SessionClaims } from './claims.ts';
import { createIdentityMapper, identityKeyOf, type IdentityKey, type IdentityMapper } from './identity.ts';
import { optedInAttributes } from './opted-in-claims.ts';
import { Session, sessionIdOf } from './session.ts';
import { signatureEnd, tokenKey } from './token.ts';

/** How many sessions, and how many tokens of them, a process remembers. Forgetting one costs only the join. */
export const MAX_SESSIONS = 10_000;
export const MAX_TOKENS = 40_000;

/** The sessions of one person with one client that began here; more than one cannot be told apart. */
type Logins = { readonly kind: 'one'; readonly session: Session } | { readonly kind: 'several' };

/**
 * The sessions that this process has seen, findable by every token it has seen of them.
 *
 * A session is met at several places: its code grant, where the ID token has `sid` or `auth_time`, and later each
 * verification of an access token, which often has neither. The registry sees to it that these are one session: a token
 * that was issued here is known by its digest and `jti`; another one of the same issuer, subject and client belongs to
 * their session if exactly one began here.
 */
export class SessionRegistry {
  readonly #sessions = new BoundedMap<string, Session>(MAX_SESSIONS);
  readonly #bySid = new BoundedMap<string, Session>(MAX_SESSIONS);
  readonly #byToken = new BoundedMap<string, Session>(MAX_TOKENS);
  /** By {@link signatureEnd}, of tokens that had nothing to add when they were shown last. */
  readonly #bySignature = new BoundedMap<string, Session>(MAX_TOKENS);
  readonly #logins = new BoundedMap<string, Logins>(MAX_SESSIONS);
  readonly #claimNames: readonly string[];
  readonly #idKey: IdentityKey | undefined;
  /** What may be said about a person, in the configured identity mode. */
  readonly identityOf: IdentityMapper;

  constructor(config: Pick<InstrumentationConfig, 'claims' | 'identity' | 'identityKey'>) {
    this.#claimNames = config.claims;
    this.#idKey = identityKeyOf(config);
    this.identityOf = createIdentityMapper(config);
  }

  /**
   * The session that a verified token belongs to.
   *
   * @param payload - The verified claims.
   * @param token - The token they come from, if at hand.
   * @param clientId - The client that asked, where the claims may not say.
   * @returns Undefined when the claims name no issuer or no subject.
   */
  resolve(payload: unknown, token: string | undefined, clientId?: string): Session | undefined {
    // An API sees the same access token hundreds of times: it has nothing to add after the first.
    const end = token === undefined ? undefined : signatureEnd(token);
    const familiar = end === undefined ? undefined : this.#bySignature.get(end);
    if (familiar !== undefined && familiar.learnedFrom.end === end && isAbout(familiar, payload))
      return familiar;
    const key = token === undefined ? undefined : tokenKey(token);
    const known = key === undefined ? undefined : this.#byToken.get(key);
    if (known !== undefined && known.learnedFrom.key === key && isAbout(known, payload)) return known;
    const claims = readSessionClaims(payload);
    if (claims === undefined) return undefined;
    const client = claims.clientId ?? clientId;
    const session = this.#find(claims, token, client) ?? this.#create(claims, client);
    session.learn(claims, optedInAttributes(this.#claimNames, claims.all));
    this.remember(session, token, claims);
    session.learnedFrom = { key, end };
    if (end !== undefined) this.#bySignature.set(end, session);
    return session;
  }

  /** The session that a token was issued in or verified for, if it was here. */
  ofToken(token: string): Session | undefined {
    return this.#byToken.get(tokenKey(token));
  }

  /** The session with a `sid`, for logout tokens that name nobody (OpenID Connect Back-Channel Logout 1.0, 2.4). */
  withSid(issuer: string, sessionId: string): Session | undefined {
    return this.#bySid.get(sidKey(issuer, sessionId));
  }

  /** Remembers that a token belongs to a session. */
  remember(session: Session, token: string | undefined, claims?: SessionClaims): void {
    if (token !== undefined) {
      this.#forgetSignature(token);
      this.#byToken.set(tokenKey(token), session);
    }
    if (claims?.tokenId !== undefined) this.rememberTokenId(session, claims.tokenId);
  }

  /** Forgets a token: whoever shows it next is nobody's. */
  forget(token: string): void {
    this.#forgetSignature(token);
    this.#byToken.delete(tokenKey(token));
  }

  #forgetSignature(token: string): void {
    const end = signatureEnd(token);
    if (end !== undefined) this.#bySignature.delete(end);
  }

  /** Remembers the `jti` of a token of a session. */
  rememberTokenId(session: Session, tokenId: string): void {
    this.#byToken.set(jtiKey(session.issuer, tokenId), session);
  }

  /** Notes that a session began here, so that its person's other tokens can be told to be of it. */
  began(session: Session): void {
    const key = loginKey(session.issuer, session.subject, session.clientId);
    const known = this.#logins.get(key);
    if (known === undefined || (known.kind === 'one' && known.session === session)) {
      this.#logins.set(key, { kind: 'one', session });
    } else {
      this.#logins.set(key, { kind: 'several' });
    }
  }

  /** Notes that a session ended: its person's next tokens are of another one. */
  ended(session: Session): void {
    const key = loginKey(session.issuer, session.subject, session.clientId);
    const known = this.#logins.get(key);
    if (known?.kind === 'one' && known.session === session) this.#logins.delete(key);
  }

  #find(claims: SessionClaims, token: string | undefined, clientId: string | undefined): Session | undefined {
    const byToken = (token === undefined ? undefined : this.ofToken(token)) ?? this.#ofTokenId(claims);
    if (byToken !== undefined && isOf(byToken, claims)) return byToken;
    const login = claims.sessionId === undefined ? this.#loginOf(claims, clientId) : undefined;
    return login ?? this.#sessions.get(this.#keyOf(claims, clientId)) ?? this.#sessionOfSid(claims, clientId);
  }

  /** Some providers give many tokens one `jti`: a `sid` of its own counts more. */
  #ofTokenId({ issuer, tokenId, sessionId }: SessionClaims): Session | undefined {
    const session = tokenId === undefined ? undefined : this.#byToken.get(jtiKey(issuer, tokenId));
    return sessionId === undefined || session?.id === sessionId ? session : undefined;
  }

  /** A token that names no client may be any client's of its session. */
  #sessionOfSid(claims: SessionClaims, clientId: string | undefined): Session | undefined {
    if (clientId !== undefined || claims.sessionId === undefined) return undefined;
    const session = this.withSid(claims.issuer, claims.sessionId);
    return session !== undefined && isOf(session, claims) ? session : undefined;
  }

  #loginOf(claims: SessionClaims, clientId: string | undefined): Session | undefined {
    const login = this.#logins.get(loginKey(claims.issuer, claims.subject, clientId));
    if (login?.kind !== 'one') return undefined;
    const sameTime = claims.authTime === undefined || claims.authTime === login.session.authTime;
    return sameTime ? login.session : undefined;
  }

  #create(claims: SessionClaims, clientId: string | undefined): Session {
    const id = sessionIdOf(claims, clientId, this.#idKey);
    const session = new Session(id, claims, {
      userId: this.identityOf(claims.issuer, claims.subject),
      clientId,
      optedIn: {},
    });
    this.#sessions.set(this.#keyOf(claims, clientId), session);
    if (claims.sessionId !== undefined) this.#bySid.set(sidKey(claims.issuer, id), session);
    return session;
  }

  /**
   * With the subject: a token that was exchanged for another person's keeps the `sid`, and is not that person's session.
   * With the client: single sign-on gives several clients one `sid`, and a call is made by one of them.
   */
  #keyOf(claims: SessionClaims, clientId: string | undefined): string {
    const id = sessionIdOf(claims, clientId, this.#idKey);
    return JSON.stringify([claims.issuer, claims.subject, clientId ?? null, id]);
  }
}

function isAbout(session: Session, payload: unknown): boolean {
  return memberOf(payload, 'iss') === session.issuer && memberOf(payload, 'sub') === session.subject;
}

/** A `jti` is unique for its issuer only, and whose token it is must agree in any case. */
function isOf(session: Session, claims: SessionClaims): boolean {
  return session.issuer === claims.issuer && session.subject === claims.subject;
}

function sidKey(issuer: string, sessionId: string): string {
  return JSON.stringify([issuer, sessionId]);
}

function jtiKey(issuer: string, tokenId: string): string {
  return JSON.stringify([issuer, tokenId]);
}

function loginKey(issuer: string, subject: string, clientId: string | undefined): string {
  return JSON.stringify([issuer, subject, clientId ?? null]);
}
