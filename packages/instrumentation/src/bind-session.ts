import { installedRuntime } from './global-runtime.ts';
import { guarded } from './warning.ts';

/** What a token said, after the application has verified it. */
export interface VerifiedClaims {
  /** `iss`: URL of the provider. */
  readonly iss: string;
  /** `sub`: the person or service. */
  readonly sub: string;
  /** `sid`: the session, where the provider gives one. */
  readonly sid?: string;
  /** Any other claims: `azp` or `client_id`, `auth_time`, `acr`, `amr`, `scope`, `jti`, `iat`, `exp` are used. */
  readonly [claim: string]: unknown;
}

/**
 * Binds the request that is being handled to a session, for applications that verify tokens in a way that is not hooked
 * (a gateway's header, a session store of their own). The first binding of a request counts.
 *
 * @example
 *   import { bindSession } from '@spanledger/instrumentation-oidc';
 *
 *   app.use((request, response, next) => {
 *     bindSession(request.session.claims);
 *     next();
 *   });
 *
 * @param claims - Claims that the application has verified itself: they are taken at their word.
 * @returns Whether the request is bound to that session now. False without `register`, outside of a span, when `iss`
 *   or `sub` is missing, and when another session was bound before. Never throws.
 */
export function bindSession(claims: VerifiedClaims): boolean {
  return (
    guarded('BIND_SESSION', () => {
      const { lifecycle, sessions } = installedRuntime()?.events ?? {};
      const session = sessions?.resolve(claims, undefined);
      if (lifecycle === undefined || session === undefined) return false;
      const site = lifecycle.callSite();
      lifecycle.bind(site, { session, token: undefined });
      return lifecycle.sessionAt(site) === session;
    }) ?? false
  );
}
