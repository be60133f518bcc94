import { Router, urlencoded } from 'express';
import { jwtVerify, type JWTPayload } from 'jose';
import { AuthorizationResponseError } from 'openid-client';
import type { AccessRules } from './access.ts';
import type { RelyingParty } from './relying-party.ts';
import type { SessionStore } from './sessions.ts';

const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';

/** @returns the routes by which people come in and go out */
export function createLoginRoutes(
  party: RelyingParty,
  sessions: SessionStore,
  rules: AccessRules,
  clientId: string,
): Router {
  const router = Router();

  router.get('/login', async (_request, response) => {
    const { login, url } = await party.beginLogin();
    sessions.startLogin(response, login);
    response.redirect(303, url.href);
  });

  router.get('/callback', async (request, response) => {
    const login = sessions.takeLogin(request, response);
    if (login === undefined) {
      response.status(400).json({ error: 'no_login_started' });
      return;
    }
    try {
      sessions.start(response, await party.finishLogin(login, request.originalUrl));
      response.redirect(303, '/me');
    } catch (error) {
      if (!(error instanceof AuthorizationResponseError)) throw error;
      response.status(401).json({ error: 'login_failed', reason: error.error });
    }
  });

  router.post('/logout', async (request, response) => {
    const session = sessions.find(request);
    if (session === undefined) {
      response.redirect(303, '/');
      return;
    }
    sessions.end(response, session);
    const url = await party.logOut(session);
    response.redirect(303, url.href);
  });

  // OpenID Connect Back-Channel Logout 1.0: the provider says that one of its sessions has ended.
  router.post(
    '/backchannel-logout',
    urlencoded({ extended: false, limit: '16kb' }),
    async (request, response) => {
      const token = new Map<string, unknown>(Object.entries(Object(request.body))).get('logout_token');
      const verified = await jwtVerify(typeof token === 'string' ? token : '', rules.keys, {
        issuer: rules.issuer,
        audience: clientId,
        typ: 'logout+jwt',
      }).catch(() => undefined);
      const sid = verified === undefined ? undefined : readLogout(verified.payload);
      if (sid === undefined) {
        response.status(400).json({ error: 'invalid_request' });
        return;
      }
      sessions.endByProviderSession(sid);
      response.set('cache-control', 'no-store').status(200).end();
    },
  );

  return router;
}

/** @returns the ended session's `sid`, or undefined if these are not the claims of a logout token (section 2.6) */
function readLogout(claims: JWTPayload): string | undefined {
  const { events, sid, nonce } = claims;
  if (nonce !== undefined || typeof sid !== 'string') return undefined;
  return Object.keys(Object(events)).includes(LOGOUT_EVENT) ? sid : undefined;
}
