import { memberOf } from '../../attach/global-api.ts';
import type { EventContext } from '../../events/event-context.ts';
import { recordRejection } from '../../events/rejection.ts';
import { recordScopeDenial } from '../../events/scope-denial.ts';
import { bindVerified, deferVerification } from '../../events/verification.ts';
import { ownClaim, scopeList } from '../../session/claims.ts';
import { guarded } from '../../warning.ts';
import type { Library, LibraryFunction, LoadedFile } from '../library.ts';
import { isFunction, wrapMiddleware, type HandedOn } from '../middleware.ts';
import { hookName, markWrapped, warnAboutMissing } from '../wrap.ts';
import { rejectionReason } from './rejection-reason.ts';
import { EXPRESS_OAUTH2_JWT_BEARER_VERSIONS } from './versions.ts';

type ObserveMiddleware = (request: unknown, response: unknown) => HandedOn | undefined;

/**
 * The hooks of auth0/express-oauth2-jwt-bearer. It lets jose check the signature, and the claims itself: what jose has
 * accepted may still be for another audience.
 */
export function expressOauth2JwtBearerLibrary(context: EventContext): Library {
  return {
    versions: EXPRESS_OAUTH2_JWT_BEARER_VERSIONS,
    patch: (file) => {
      wrapFactory(file, 'auth', () => observeAuth(context));
      for (const name of ['requiredScopes', 'scopeIncludesAny'])
        wrapFactory(file, name, (args) => observeScopes(context, args[0]));
      for (const name of ['claimCheck', 'claimEquals', 'claimIncludes'])
        wrapFactory(file, name, () => observeClaims(context));
    },
  };
}

/** Wraps the middleware that an exported function makes. */
function wrapFactory(
  file: LoadedFile,
  name: string,
  observe: (args: readonly unknown[]) => ObserveMiddleware,
): void {
  const original = memberOf(file.exports, name);
  if (!isFunction(original)) {
    warnAboutMissing(file, name);
    return;
  }
  const what = hookName(file, name);
  const factory: LibraryFunction = function (this: unknown, ...args) {
    const made: unknown = Reflect.apply(original, this, args);
    return guarded(what, () => (isFunction(made) ? wrapMiddleware(made, what, observe(args)) : made)) ?? made;
  };
  for (const key of ['length', 'name']) {
    const descriptor = Object.getOwnPropertyDescriptor(original, key);
    if (descriptor !== undefined) Reflect.defineProperty(factory, key, descriptor);
  }
  markWrapped(factory);
  file.set(name, factory);
}

/** `auth()`: puts the verified token on the request, or hands an error on. */
function observeAuth(context: EventContext): ObserveMiddleware {
  return (request) => {
    const site = context.lifecycle.callSite();
    const presented = presentedToken(request);
    const before = memberOf(request, 'auth');
    const decided = deferVerification(site, presented);
    return (error) => {
      decided();
      const verified = memberOf(request, 'auth');
      const payload = memberOf(verified, 'payload');
      if (verified !== before && typeof payload === 'object' && payload !== null) {
        bindVerified(context, site, { payload, header: memberOf(verified, 'header'), token: presented });
      } else if (error !== undefined || presented !== undefined) {
        // With `authRequired: false` a bad token is as good as none, but it was presented.
        recordRejection(context, site, { token: presented, reason: rejectionReason(error), error });
      }
    };
  };
}

/** `requiredScopes()` and `scopeIncludesAny()`. */
function observeScopes(context: EventContext, scopes: unknown): ObserveMiddleware {
  return (request) => {
    const site = context.lifecycle.callSite();
    return (error) => {
      if (memberOf(error, 'code') !== 'insufficient_scope') return;
      const payload = memberOf(memberOf(request, 'auth'), 'payload');
      recordScopeDenial(context, site, {
        required: scopeList(scopes),
        held: scopeList(ownClaim(Object(payload), 'scope')),
        error,
      });
    };
  };
}

/** `claimCheck()`, `claimEquals()` and `claimIncludes()`: a good token without the right claim. */
function observeClaims(context: EventContext): ObserveMiddleware {
  return (request) => {
    const site = context.lifecycle.callSite();
    return (error) => {
      if (memberOf(error, 'code') !== 'invalid_token') return;
      const verified = memberOf(request, 'auth');
      const payload = memberOf(verified, 'payload');
      const token = memberOf(verified, 'token');
      recordRejection(context, site, {
        token: typeof token === 'string' ? token : undefined,
        payload: typeof payload === 'object' && payload !== null ? payload : undefined,
        reason: 'invalid_claim',
        error,
      });
    };
  };
}

/** RFC 6750, 2: in the header, in a form, or in the query. */
function presentedToken(request: unknown): string | undefined {
  const header = memberOf(memberOf(request, 'headers'), 'authorization');
  const inHeader = typeof header === 'string' ? /^(?:Bearer|DPoP) (\S+)$/i.exec(header)?.[1] : undefined;
  if (inHeader !== undefined) return inHeader;
  for (const place of ['query', 'body']) {
    const token = memberOf(memberOf(request, place), 'access_token');
    if (typeof token === 'string' && token !== '') return token;
  }
  return undefined;
}
