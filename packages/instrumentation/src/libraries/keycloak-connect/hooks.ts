import { memberOf } from '../../attach/global-api.ts';
import { recordAuthorizationFailure, recordAuthorizationRequest } from '../../events/authorization.ts';
import type { EventContext } from '../../events/event-context.ts';
import { recordRejection } from '../../events/rejection.ts';
import { recordScopeDenial } from '../../events/scope-denial.ts';
import { recordSessionEnd } from '../../events/session-end.ts';
import { BoundedMap } from '../../session/bounded-map.ts';
import { scopeList, stringList } from '../../session/claims.ts';
import type { Session } from '../../session/session.ts';
import { MAX_SESSIONS } from '../../session/session-registry.ts';
import { tokenKey } from '../../session/token.ts';
import { guarded } from '../../warning.ts';
import type { Library, LibraryFunction, LoadedFile, Observe } from '../library.ts';
import { isFunction, wrapMiddleware } from '../middleware.ts';
import { hookName, warnAboutMissing, wrapMethod } from '../wrap.ts';
import { patchGrantManager } from './grant-manager.ts';
import { clientOf, contentOf, rawToken, rejectionReason } from './tokens.ts';
import { KEYCLOAK_CONNECT_VERSIONS, KEYCLOAK_FILES } from './versions.ts';

/** The hooks of keycloak-connect. */
export function keycloakConnectLibrary(context: EventContext): Library {
  /** By the application's own session ids, of which only digests are kept. */
  const logins = new BoundedMap<string, Session>(MAX_SESSIONS);
  const patches: Readonly<Record<string, (file: LoadedFile) => void>> = {
    [KEYCLOAK_FILES.grantManager]: (file) => {
      patchGrantManager(context, file, (applicationSessionId, session) => {
        if (typeof applicationSessionId === 'string') logins.set(tokenKey(applicationSessionId), session);
      });
    },
    [KEYCLOAK_FILES.keycloak]: (file) => {
      const prototype = memberOf(file.exports, 'prototype');
      wrapMethod(file, prototype, 'loginUrl', observeLoginUrl(context));
      wrapMethod(file, prototype, 'unstoreGrant', observeUnstore(context, logins));
    },
    [KEYCLOAK_FILES.signature]: (file) => {
      wrapMethod(file, memberOf(file.exports, 'prototype'), 'verify', observeAdminToken(context));
    },
    [KEYCLOAK_FILES.postAuth]: (file) => {
      replaceFactory(file, 'postAuth', ([keycloak], make) => observePostAuth(context, keycloak, make()));
    },
    [KEYCLOAK_FILES.protect]: (file) => {
      replaceFactory(file, 'protect', ([keycloak, spec], make) =>
        make(keycloak, observedGuard(context, spec)),
      );
    },
    [KEYCLOAK_FILES.enforcer]: (file) => {
      patchEnforcer(context, file);
    },
    [KEYCLOAK_FILES.logout]: (file) => {
      replaceFactory(file, 'logout', ([keycloak], make) => observeLogout(context, keycloak, make()));
    },
  };
  return {
    versions: KEYCLOAK_CONNECT_VERSIONS,
    patch: (file) => patches[file.path]?.(file),
  };
}

/** Makes what the library's factory makes; with the arguments that it was called with, unless others are given. */
type Make = (...args: unknown[]) => unknown;

/** Replaces a function that makes a middleware, which is all that its file exports. */
function replaceFactory(
  file: LoadedFile,
  name: string,
  around: (args: readonly unknown[], make: Make) => unknown,
): void {
  const original = file.exports;
  if (!isFunction(original)) {
    warnAboutMissing(file, name);
    return;
  }
  file.replace(function (this: unknown, ...args: unknown[]): unknown {
    const make: Make = (...given) => Reflect.apply(original, this, given.length === 0 ? args : given);
    return guarded(hookName(file, name), () => around(args, make)) ?? make();
  });
}

/** `loginUrl(uuid, redirectUrl)`: somebody is about to be sent there. */
function observeLoginUrl(context: EventContext): Observe {
  return ([state], self) => {
    const site = context.lifecycle.callSite();
    return {
      succeeded: (url) => {
        if (typeof url !== 'string' || !URL.canParse(url)) return;
        recordAuthorizationRequest(context, site, {
          client: clientOf(memberOf(self, 'config')),
          scope: scopeList(new URL(url).searchParams.get('scope')),
          state: typeof state === 'string' ? state : undefined,
        });
      },
      failed: () => undefined,
    };
  };
}

/** The provider sends an error back instead of a code. */
function observePostAuth(context: EventContext, keycloak: unknown, made: unknown): unknown {
  if (!isFunction(made)) return made;
  return wrapMiddleware(made, 'KEYCLOAK_CONNECT_POSTAUTH', (request) => {
    const query = memberOf(request, 'query');
    const error = memberOf(query, 'error');
    if (!memberOf(query, 'auth_callback') || typeof error !== 'string') return undefined;
    const state = memberOf(query, 'state');
    recordAuthorizationFailure(context, context.lifecycle.callSite(), {
      client: clientOf(memberOf(keycloak, 'config')),
      error: { error, error_description: memberOf(query, 'error_description') },
      state: typeof state === 'string' ? state : undefined,
    });
    return undefined;
  });
}

/** `protect('role')`, or `protect((token, request, response) => …)`; without either everybody may pass who is logged in. */
function observedGuard(context: EventContext, spec: unknown): unknown {
  if (typeof spec !== 'string' && !isFunction(spec)) return spec;
  return function (this: unknown, token: unknown, ...others: unknown[]): unknown {
    const allowed = isFunction(spec) ? Reflect.apply(spec, this, [token, ...others]) : hasRole(token, spec);
    if (!allowed) {
      guarded('KEYCLOAK_CONNECT_PROTECT', () => {
        // Keycloak's roles are to its adapters what scopes are to others.
        const required = typeof spec === 'string' ? [spec] : undefined;
        const held = scopeList(memberOf(contentOf(token), 'scope'));
        recordScopeDenial(context, context.lifecycle.callSite(), { required, held });
      });
    }
    return allowed;
  };
}

/** As the library itself asks. A token without the method is its error, as it is without us. */
function hasRole(token: unknown, role: string): unknown {
  const ask: unknown = Reflect.get(Object(token), 'hasRole');
  if (!isFunction(ask)) throw new TypeError('token.hasRole is not a function');
  return Reflect.apply(ask, token, [role]);
}

/** `enforcer(permissions)`: who is not handed on, or with an error, was denied. */
function patchEnforcer(context: EventContext, file: LoadedFile): void {
  const prototype = memberOf(file.exports, 'prototype');
  const original = memberOf(prototype, 'enforce');
  if (!isFunction(original) || typeof prototype !== 'object' || prototype === null) {
    warnAboutMissing(file, 'enforce');
    return;
  }
  Reflect.set(prototype, 'enforce', function (this: unknown, ...args: unknown[]): unknown {
    const made: unknown = Reflect.apply(original, this, args);
    return isFunction(made) ? observedEnforcer(context, made, stringList(args[0])) : made;
  });
}

function observedEnforcer(
  context: EventContext,
  enforcer: LibraryFunction,
  required: readonly string[] | undefined,
): LibraryFunction {
  const what = 'KEYCLOAK_CONNECT_ENFORCE';
  return function (this: unknown, ...args: unknown[]): unknown {
    let passed = false;
    const site = guarded(what, () => context.lifecycle.callSite());
    const observed = wrapMiddleware(enforcer, what, () => (error) => {
      passed = error === undefined;
    });
    const result: unknown = Reflect.apply(observed, this, args);
    const tell = (): void => {
      guarded(what, () => {
        if (!passed && site !== undefined) recordScopeDenial(context, site, { required });
      });
    };
    if (result instanceof Promise) result.then(tell, () => undefined);
    else tell();
    return result;
  };
}

/** The path that logs out: the grant is taken from the request when it has. */
function observeLogout(context: EventContext, keycloak: unknown, made: unknown): unknown {
  if (!isFunction(made)) return made;
  const logout: LibraryFunction = function (this: unknown, ...args) {
    const [request] = args;
    const grant = memberOf(memberOf(request, 'kauth'), 'grant');
    const result: unknown = Reflect.apply(made, this, args);
    guarded('KEYCLOAK_CONNECT_LOGOUT', () => {
      const idToken = rawToken(memberOf(grant, 'id_token'));
      if (idToken === undefined || memberOf(memberOf(request, 'kauth'), 'grant') !== undefined) return;
      const site = context.lifecycle.callSite();
      recordSessionEnd(context, site, {
        session: context.sessions.ofToken(idToken) ?? context.lifecycle.sessionAt(site),
        reason: 'logout',
        client: clientOf(memberOf(keycloak, 'config')),
      });
    });
    return result;
  };
  Reflect.defineProperty(logout, 'length', { value: made.length, configurable: true });
  Reflect.defineProperty(logout, 'name', { value: made.name, configurable: true });
  return logout;
}

/** `unstoreGrant(sessionId)`: Keycloak has posted to `k_logout` which sessions of the application are over. */
function observeUnstore(context: EventContext, logins: BoundedMap<string, Session>): Observe {
  return ([applicationSessionId]) => {
    if (typeof applicationSessionId !== 'string') return undefined;
    const site = context.lifecycle.callSite();
    return {
      succeeded: () => {
        const session = logins.get(tokenKey(applicationSessionId));
        if (session !== undefined) recordSessionEnd(context, site, { session, reason: 'backchannel_logout' });
      },
      failed: () => undefined,
    };
  };
}

/** `Signature.verify(token)`: what comes to `k_logout` and `k_push_not_before`. */
function observeAdminToken(context: EventContext): Observe {
  return ([token]) => {
    const site = context.lifecycle.callSite();
    return {
      succeeded: () => undefined,
      failed: (error) => {
        recordRejection(context, site, {
          token: rawToken(token),
          reason: rejectionReason(error, token),
          error,
        });
      },
    };
  };
}
