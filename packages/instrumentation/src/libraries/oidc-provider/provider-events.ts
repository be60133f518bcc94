import { memberOf } from '../../attach/global-api.ts';
import { recordAuthorizationFailure, recordAuthorizationRequest } from '../../events/authorization.ts';
import type { EventContext } from '../../events/event-context.ts';
import { recordClientGrant, recordGrant } from '../../events/grant.ts';
import { beginRefresh, recordRefresh } from '../../events/refresh.ts';
import { recordRejection, type RejectionReason } from '../../events/rejection.ts';
import { recordScopeDenial } from '../../events/scope-denial.ts';
import { recordSessionEnd, type SessionEndReason } from '../../events/session-end.ts';
import { readTokenResponse } from '../../events/token-response.ts';
import { recordIntrospectionFailure, recordRevocation } from '../../events/token-state.ts';
import { BoundedMap } from '../../session/bounded-map.ts';
import { scopeList } from '../../session/claims.ts';
import type { CallSite } from '../../session/lifecycle.ts';
import type { Session } from '../../session/session.ts';
import { MAX_SESSIONS } from '../../session/session-registry.ts';
import { tokenKey } from '../../session/token.ts';
import { bearerToken } from '../bearer-token.ts';
import { authorizationsOf, ProviderRequest } from './request-context.ts';

/** Called with the arguments of an event, the provider being the first. */
type Tell = (site: CallSite, provider: unknown, args: readonly unknown[]) => void;

const FLOWS: ReadonlyMap<string, string> = new Map([
  ['authorization_code', 'code'],
  ['urn:ietf:params:oauth:grant-type:device_code', 'device_code'],
  ['urn:openid:params:grant-type:ciba', 'ciba'],
]);

/** What oidc-provider emits, as events of ours. */
export class ProviderEvents {
  readonly #context: EventContext;
  /** By digests of the provider's grant ids: whose tokens a grant that is revoked had. */
  readonly #grants = new BoundedMap<string, Session>(MAX_SESSIONS);
  readonly #tellers: ReadonlyMap<string, Tell>;

  constructor(context: EventContext) {
    this.#context = context;
    const failure: Tell = (site, _provider, [ctx, error]) => {
      this.#fail(site, new ProviderRequest(ctx), error);
    };
    this.#tellers = new Map<string, Tell>([
      [
        'authorization.success',
        (site, _provider, [ctx, out]) => {
          this.#authorized(site, new ProviderRequest(ctx), out);
        },
      ],
      ['authorization.error', failure],
      [
        'grant.success',
        (site, _provider, [ctx]) => {
          this.#granted(site, new ProviderRequest(ctx));
        },
      ],
      ['grant.error', failure],
      [
        'grant.revoked',
        (site, _provider, [ctx, grantId]) => {
          this.#revoked(site, new ProviderRequest(ctx), grantId);
        },
      ],
      ['revocation.error', failure],
      ['pushed_authorization_request.error', failure],
      ['device_authorization.error', failure],
      ['end_session.error', failure],
      ['server_error', failure],
      [
        'introspection.error',
        (site, _provider, [ctx, error]) => {
          const request = new ProviderRequest(ctx);
          const inquiry = { client: request.client, token: request.parameter('token') ?? '' };
          recordIntrospectionFailure(context, site, inquiry, error);
        },
      ],
      [
        'userinfo.error',
        (site, _provider, [ctx, error]) => {
          this.#refused(site, ctx, error);
        },
      ],
      [
        'access_token.destroyed',
        (site, provider, [token]) => {
          this.#tokenDestroyed(site, provider, token, 'access');
        },
      ],
      [
        'client_credentials.destroyed',
        (site, provider, [token]) => {
          this.#tokenDestroyed(site, provider, token, 'access');
        },
      ],
      [
        'refresh_token.destroyed',
        (site, provider, [token]) => {
          this.#tokenDestroyed(site, provider, token, 'refresh');
        },
      ],
      [
        'session.destroyed',
        (site, provider, [session]) => {
          this.#sessionDestroyed(site, provider, session);
        },
      ],
      [
        'backchannel.error',
        (site, _provider, [ctx, error, client, , sid]) => {
          this.#logoutUndelivered(site, new ProviderRequest(ctx), error, client, sid);
        },
      ],
    ]);
  }

  /** Called before the provider's listeners are. */
  observe(provider: unknown, name: unknown, args: readonly unknown[]): void {
    const tell = typeof name === 'string' ? this.#tellers.get(name) : undefined;
    tell?.(this.#context.lifecycle.callSite(), provider, args);
  }

  /** Somebody was let through to a client, with a code or with tokens. */
  #authorized(site: CallSite, request: ProviderRequest, out: unknown): void {
    const context = this.#context;
    const { client } = request;
    const scope = scopeList(request.parameter('scope'));
    const responseType = request.parameter('response_type');
    const [code, idToken] = [memberOf(out, 'code'), memberOf(out, 'id_token')];
    const claims = typeof idToken === 'string' ? request.sessionClaims(idToken) : request.browserClaims();
    recordAuthorizationRequest(context, site, {
      client,
      scope,
      state: request.parameter('state'),
      responseType,
    });
    if (typeof code === 'string') {
      // What was asked for is known again when the code comes back.
      context.pending.ask(code, scope);
      const session = claims && context.sessions.resolve(claims, undefined, client.clientId);
      if (session !== undefined) context.lifecycle.bind(site, { session, token: undefined });
    } else if (typeof idToken === 'string') {
      recordGrant(context, site, {
        client,
        grantType: 'implicit',
        flow: responseType ?? 'implicit',
        requested: scope,
        response: readTokenResponse(out, context.now(), claims),
      });
    }
  }

  /** The token endpoint has issued tokens. */
  #granted(site: CallSite, request: ProviderRequest): void {
    const context = this.#context;
    const { client, body } = request;
    const grantType = request.parameter('grant_type') ?? 'unknown';
    const claims = request.sessionClaims(memberOf(body, 'id_token'));
    const response = readTokenResponse(body, context.now(), claims);
    if (grantType === 'refresh_token') {
      const attempt = beginRefresh(context, request.parameter('refresh_token'));
      recordRefresh(context, site, attempt, client, response);
      const session = attempt.session ?? context.lifecycle.sessionAt(site);
      if (session !== undefined) this.#remember(request, session);
      return;
    }
    const requested = scopeList(request.parameter('scope'));
    if (claims === undefined) {
      recordClientGrant(context, site, { client, grantType, requested, response });
      return;
    }
    const session = recordGrant(context, site, {
      client,
      grantType,
      flow: FLOWS.get(grantType) ?? grantType,
      state: request.parameter('code'),
      requested,
      response,
    });
    if (session !== undefined) this.#remember(request, session);
  }

  #remember(request: ProviderRequest, session: Session): void {
    const { grantId } = request;
    if (grantId !== undefined) this.#grants.set(tokenKey(grantId), session);
  }

  /** Every token of a grant is dead: by a logout, or because a code or a refresh token was used twice. */
  #revoked(site: CallSite, request: ProviderRequest, grantId: unknown): void {
    const session = typeof grantId === 'string' ? this.#grants.get(tokenKey(grantId)) : undefined;
    // Of a revocation that was asked for, the token's own event tells.
    if (session === undefined || request.route.startsWith('revocation')) return;
    const reason: SessionEndReason = request.route.startsWith('end_session') ? 'logout' : 'revoked';
    recordSessionEnd(this.#context, site, { session, reason });
  }

  #tokenDestroyed(site: CallSite, provider: unknown, token: unknown, type: 'access' | 'refresh'): void {
    // The id of an opaque token is the token.
    const value = memberOf(token, 'jti');
    const [clientId, issuer] = [memberOf(token, 'clientId'), memberOf(provider, 'issuer')];
    if (typeof value !== 'string') return;
    recordRevocation(this.#context, site, {
      client: {
        clientId: typeof clientId === 'string' ? clientId : undefined,
        issuer: typeof issuer === 'string' ? issuer : undefined,
      },
      token: value,
      type,
    });
  }

  /** Somebody has logged out of the provider: of each client's session. */
  #sessionDestroyed(site: CallSite, provider: unknown, ended: unknown): void {
    const { sessions } = this.#context;
    const issuer = memberOf(provider, 'issuer');
    for (const { clientId, grantId, claims } of authorizationsOf(ended)) {
      const session =
        (grantId === undefined ? undefined : this.#grants.get(tokenKey(grantId))) ??
        sessions.resolve({ iss: issuer, ...claims }, undefined, clientId);
      if (session !== undefined) recordSessionEnd(this.#context, site, { session, reason: 'logout' });
    }
  }

  /** A client was not told that a session is over, and may go on with it. */
  #logoutUndelivered(
    site: CallSite,
    request: ProviderRequest,
    error: unknown,
    client: unknown,
    sid: unknown,
  ): void {
    const clientId = memberOf(client, 'clientId');
    const { issuer } = request;
    const session =
      typeof sid === 'string' && issuer !== undefined
        ? this.#context.sessions.withSid(issuer, sid)
        : undefined;
    recordAuthorizationFailure(this.#context, site, {
      client: { clientId: typeof clientId === 'string' ? clientId : undefined, issuer },
      error: { error: 'backchannel_logout_undelivered', cause: error },
      session,
    });
  }

  #fail(site: CallSite, request: ProviderRequest, error: unknown): void {
    const { sessions } = this.#context;
    const refreshToken = request.parameter('refresh_token');
    recordAuthorizationFailure(this.#context, site, {
      client: request.client,
      error,
      session: refreshToken === undefined ? undefined : sessions.ofToken(refreshToken),
      state: request.parameter('state'),
      secrets: request.secrets,
      grantType: request.parameter('grant_type'),
    });
  }

  /** The userinfo endpoint is a resource server: its errors are those of RFC 6750. */
  #refused(site: CallSite, ctx: unknown, error: unknown): void {
    const token = bearerToken(memberOf(ctx, 'request') ?? ctx);
    if (memberOf(error, 'error') === 'insufficient_scope') {
      const required = scopeList(memberOf(error, 'scope'));
      const session = token === undefined ? undefined : this.#context.sessions.ofToken(token);
      recordScopeDenial(this.#context, site, { required, session, error });
      return;
    }
    recordRejection(this.#context, site, { token, reason: refusalReason(error, token), error });
  }
}

function refusalReason(error: unknown, token: string | undefined): RejectionReason {
  const detail = String(memberOf(error, 'error_detail'));
  if (token === undefined || /no access token/.test(detail)) return 'missing';
  // A token that is not in the store has expired, was revoked, or was never issued.
  return /expired/.test(detail) ? 'expired' : 'other';
}
