import type { Request, RequestHandler, Response } from 'express';
import { jwtVerify, type JWTVerifyGetKey } from 'jose';
import type { RelyingParty } from './relying-party.ts';
import type { SessionStore } from './sessions.ts';

/** Who may do what, read from a verified access token. */
export interface Access {
  readonly subject: string;
  readonly clientId: string;
  readonly scopes: ReadonlySet<string>;
  readonly roles: readonly string[];
}

/** What an access token is checked against. */
export interface AccessRules {
  readonly keys: JWTVerifyGetKey;
  readonly issuer: string;
  readonly audience: string;
}

const granted = new WeakMap<Request, Access>();

/** @returns the access of a request that {@link requireToken} let through */
export function accessOf(request: Request): Access {
  const access = granted.get(request);
  if (access === undefined) throw new TypeError(`no access was granted to ${request.method} ${request.path}`);
  return access;
}

/**
 * Lets a request through that has a valid access token: its own (`Authorization: Bearer`), or that of its browser's
 * session. Everything else is 401 as RFC 6750, section 3 has it.
 */
export function requireToken(
  rules: AccessRules,
  sessions: SessionStore,
  party: RelyingParty,
): RequestHandler {
  return async (request, response, next) => {
    const token = readBearer(request) ?? (await readSession(request, response, sessions, party));
    if (token === undefined) {
      refuse(response, 401, 'Bearer realm="shop"', 'login_required');
      return;
    }
    const access = await verifyToken(token, rules);
    if (access === undefined) {
      refuse(response, 401, 'Bearer realm="shop", error="invalid_token"', 'invalid_token');
      return;
    }
    granted.set(request, access);
    next();
  };
}

/** Lets a request through whose token has the scope; else 403 (RFC 6750, section 3.1). */
export function requireScope(scope: string): RequestHandler {
  return (request, response, next) => {
    if (accessOf(request).scopes.has(scope)) next();
    else
      refuse(
        response,
        403,
        `Bearer realm="shop", error="insufficient_scope", scope="${scope}"`,
        'insufficient_scope',
      );
  };
}

/** Lets a request through whose person has the role; else 403. */
export function requireRole(role: string): RequestHandler {
  return (request, response, next) => {
    if (accessOf(request).roles.includes(role)) next();
    else response.status(403).json({ error: 'role_required', role });
  };
}

function readBearer(request: Request): string | undefined {
  return /^Bearer +(\S+)$/i.exec(request.get('authorization') ?? '')?.[1];
}

async function readSession(
  request: Request,
  response: Response,
  sessions: SessionStore,
  party: RelyingParty,
): Promise<string | undefined> {
  const session = sessions.find(request);
  if (session === undefined) return undefined;
  try {
    return await party.freshAccessToken(session);
  } catch {
    // The provider no longer stands behind this session: the person has to log in again.
    sessions.end(response, session);
    return undefined;
  }
}

async function verifyToken(token: string, rules: AccessRules): Promise<Access | undefined> {
  try {
    const { issuer, audience } = rules;
    const { payload } = await jwtVerify(token, rules.keys, { issuer, audience, typ: 'at+jwt' });
    const { scope, roles, client_id: clientId } = payload;
    return {
      subject: payload.sub ?? '',
      clientId: typeof clientId === 'string' ? clientId : '',
      scopes: new Set(typeof scope === 'string' ? scope.split(' ') : []),
      roles: Array.isArray(roles) ? roles.filter((role) => typeof role === 'string') : [],
    };
  } catch {
    return undefined;
  }
}

function refuse(response: Response, status: number, challenge: string, error: string): void {
  response.status(status).set('www-authenticate', challenge).json({ error });
}
