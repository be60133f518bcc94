import { memberOf } from '../../attach/global-api.ts';
import { recordAuthorizationFailure } from '../../events/authorization.ts';
import type { ClientIdentity } from '../../events/client.ts';
import { bindCookie, recordCookieEnd, rememberCookie } from '../../events/cookie-session.ts';
import type { EventContext } from '../../events/event-context.ts';
import { recordGrant } from '../../events/grant.ts';
import { readTokenResponse } from '../../events/token-response.ts';
import type { Session } from '../../session/session.ts';
import type { CallObserver } from '../library.ts';

/** What a request brought back from the provider. */
export interface Return {
  /** The options of the request, the same object in every function that handles it. */
  readonly options: unknown;
  /** The parameters that the provider sent. */
  readonly parameters: unknown;
}

/** What `@auth/core` and its elder next-auth have in common: a login whose session is kept in a cookie. */
export class CookieLogins {
  readonly #context: EventContext;
  /** The session that began in a request, until its cookie is set. Not the one it is bound to: that may be an older one. */
  readonly #begun = new WeakMap<object, Session>();

  constructor(context: EventContext) {
    this.#context = context;
  }

  /** Observes the exchange of the provider's answer for tokens and a profile. */
  observeExchange({ options, parameters }: Return): CallObserver {
    const site = this.#context.lifecycle.callSite();
    const provider = memberOf(options, 'provider');
    const client = clientOf(provider);
    const state = stringOf(memberOf(parameters, 'state'));
    return {
      succeeded: (result) => {
        const account = memberOf(result, 'account');
        if (account === undefined) return;
        // A plain OAuth 2.0 provider's profile is not signed, and may claim anything.
        const profile = memberOf(result, 'profile') ?? memberOf(result, 'OAuthProfile');
        const claims = hasIdToken(provider, account)
          ? (memberOf(result, 'OAuthProfile') ?? profile)
          : undefined;
        const session = recordGrant(this.#context, site, {
          client,
          grantType: 'authorization_code',
          flow: 'code',
          state,
          response: readTokenResponse({ ...Object(account) }, this.#context.now(), claims),
        });
        if (session !== undefined && isObject(options)) this.#begun.set(options, session);
      },
      failed: (thrown) => {
        const error = memberOf(parameters, 'error') === undefined ? thrown : parameters;
        const secrets = [memberOf(parameters, 'code')];
        recordAuthorizationFailure(this.#context, site, { client, error, secrets, state });
      },
    };
  }

  /** Observes the handling of the provider's answer, which ends with the cookie. */
  observeCallback(options: unknown): CallObserver {
    return {
      succeeded: (result) => {
        const session = isObject(options) ? this.#begun.get(options) : undefined;
        if (session !== undefined) this.#remember(session, options, result);
      },
      failed: () => undefined,
    };
  }

  /** Observes the reading of a session from its cookie, which renews the cookie. */
  observeSession(options: unknown, store: unknown): CallObserver {
    const site = this.#context.lifecycle.callSite();
    const value = memberOf(store, 'value');
    return {
      succeeded: (result) => {
        const body = memberOf(result, 'body');
        // Without a session the body is null, or empty.
        if (!isObject(body) || Object.keys(body).length === 0) return;
        const session = bindCookie(this.#context, site, value);
        if (session !== undefined) this.#remember(session, options, result);
      },
      failed: () => undefined,
    };
  }

  /** Observes a sign-out. */
  observeSignOut(store: unknown): CallObserver {
    const site = this.#context.lifecycle.callSite();
    const value = memberOf(store, 'value');
    return {
      succeeded: () => {
        recordCookieEnd(this.#context, site, value);
      },
      failed: () => undefined,
    };
  }

  #remember(session: Session, options: unknown, result: unknown): void {
    const name = memberOf(memberOf(memberOf(options, 'cookies'), 'sessionToken'), 'name');
    if (typeof name === 'string') rememberCookie(this.#context, session, name, memberOf(result, 'cookies'));
  }
}

/** The client and the provider of a configured provider. */
export function clientOf(provider: unknown): ClientIdentity {
  return {
    clientId: stringOf(memberOf(provider, 'clientId')),
    issuer: stringOf(memberOf(provider, 'issuer')),
  };
}

/** Whether the profile is what an ID token says: where it is configured so, and there is one. */
function hasIdToken(provider: unknown, account: unknown): boolean {
  const idToken = memberOf(provider, 'idToken');
  const isOidc = idToken === undefined ? memberOf(provider, 'type') === 'oidc' : idToken === true;
  return isOidc && memberOf(account, 'id_token') !== undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
