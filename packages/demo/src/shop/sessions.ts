import { randomBytes } from 'node:crypto';
import type { CookieOptions, Request, Response } from 'express';

/** The tokens of one logged-in browser; they never leave the server. */
export interface SessionTokens {
  readonly accessToken: string;
  readonly refreshToken?: string;
  readonly idToken: string;
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number;
}

/** One logged-in browser. */
export interface ShopSession {
  readonly id: string;
  /** The provider's `sid`, if it gave one. */
  readonly providerSession?: string;
  readonly name: string;
  tokens: SessionTokens;
  /** Set while a refresh is under way, so that requests at the same time share it. */
  refreshing?: Promise<SessionTokens> | undefined;
}

/** A login that was started and has not come back yet. */
export interface PendingLogin {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

/** The most browsers, and the most pending logins, that are remembered; the oldest is forgotten first. */
const MAX_SESSIONS = 10_000;

const SESSION_COOKIE = 'shop_session';
const LOGIN_COOKIE = 'shop_login';

/** Server-side sessions: the browser holds a random number, the server everything else. */
export class SessionStore {
  readonly #sessions = new Map<string, ShopSession>();
  readonly #logins = new Map<string, PendingLogin>();

  /** Remembers a login that starts and marks the browser with it. */
  startLogin(response: Response, login: PendingLogin): void {
    const id = drawId();
    keep(this.#logins, id, login);
    response.cookie(LOGIN_COOKIE, id, cookieOptions());
  }

  /** @returns the login this browser started, which is then forgotten: each can be finished once */
  takeLogin(request: Request, response: Response): PendingLogin | undefined {
    const id = readCookie(request, LOGIN_COOKIE);
    if (id === undefined) return undefined;
    const login = this.#logins.get(id);
    this.#logins.delete(id);
    response.clearCookie(LOGIN_COOKIE, cookieOptions());
    return login;
  }

  /** Starts a session under a new number, so that one known before the login is worth nothing after it. */
  start(response: Response, content: Omit<ShopSession, 'id'>): void {
    const session = { ...content, id: drawId() };
    keep(this.#sessions, session.id, session);
    response.cookie(SESSION_COOKIE, session.id, cookieOptions());
  }

  /** @returns the session of the browser that sent the request */
  find(request: Request): ShopSession | undefined {
    const id = readCookie(request, SESSION_COOKIE);
    return id === undefined ? undefined : this.#sessions.get(id);
  }

  /** Ends a session and takes its cookie back. */
  end(response: Response, session: ShopSession): void {
    this.#sessions.delete(session.id);
    response.clearCookie(SESSION_COOKIE, cookieOptions());
  }

  /** Ends whatever belongs to one session of the provider. */
  endByProviderSession(providerSession: string): void {
    for (const [id, session] of this.#sessions) {
      if (session.providerSession === providerSession) this.#sessions.delete(id);
    }
  }
}

function readCookie(request: Request, name: string): string | undefined {
  for (const part of (request.get('cookie') ?? '').split('; ')) {
    if (part.startsWith(`${name}=`)) return part.slice(name.length + 1);
  }
  return undefined;
}

function cookieOptions(): CookieOptions {
  return { httpOnly: true, sameSite: 'lax', path: '/' };
}

function drawId(): string {
  return randomBytes(32).toString('base64url');
}

function keep<T>(items: Map<string, T>, id: string, item: T): void {
  items.set(id, item);
  const oldest = items.keys().next();
  if (items.size > MAX_SESSIONS && oldest.done !== true) items.delete(oldest.value);
}
