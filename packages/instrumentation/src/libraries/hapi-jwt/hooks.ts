import { memberOf } from '../../attach/global-api.ts';
import type { EventContext } from '../../events/event-context.ts';
import { recordRejection } from '../../events/rejection.ts';
import { bindVerified } from '../../events/verification.ts';
import { guarded } from '../../warning.ts';
import type { Library, LibraryFunction, LoadedFile, Observe } from '../library.ts';
import { put } from '../loaded-file.ts';
import { hookName, warnAboutMissing, wrapExport, wrapFunction } from '../wrap.ts';
import { headerOf, signedPayload, tokenOf } from './artifacts.ts';
import { rejectionReason } from './rejection-reason.ts';
import { observeAuthenticate } from './scheme.ts';
import { HAPI_JWT_VERSIONS } from './versions.ts';

/** The two checks of a token, in whichever order an application makes them. */
type Check = 'verifySignature' | 'verifyPayload';

/** The hooks of @hapi/jwt: its functions for tokens, and its authentication scheme. */
export function hapiJwtLibrary(context: EventContext): Library {
  return {
    versions: HAPI_JWT_VERSIONS,
    patch: (file) => {
      if (file.path === 'lib/plugin.js') {
        patchPlugin(context, file);
        return;
      }
      const passed = { verifySignature: new WeakSet<object>(), verifyPayload: new WeakSet<object>() };
      wrapExport(file, 'decode', observeDecode(context));
      // `verify` calls both.
      for (const check of ['verifySignature', 'verifyPayload'] as const)
        wrapExport(file, check, observeCheck(context, check, passed));
    },
  };
}

/** `decode(token)`: what is no token at all gets no further. What is one proves nothing yet. */
function observeDecode(context: EventContext): Observe {
  return ([token]) => {
    const site = context.lifecycle.callSite();
    return {
      succeeded: () => undefined,
      failed: (error) => {
        recordRejection(context, site, {
          token: typeof token === 'string' && token !== '' ? token : undefined,
          reason: token === '' ? 'missing' : rejectionReason(error),
          error,
        });
      },
    };
  };
}

/** A token is verified when both checks have passed. */
function observeCheck(
  context: EventContext,
  check: Check,
  passed: Readonly<Record<Check, WeakSet<object>>>,
): Observe {
  return ([artifacts]) => {
    if (typeof artifacts !== 'object' || artifacts === null) return undefined;
    const site = context.lifecycle.callSite();
    const token = tokenOf(artifacts);
    return {
      succeeded: () => {
        passed[check].add(artifacts);
        const payload = signedPayload(artifacts);
        if (!passed.verifySignature.has(artifacts) || !passed.verifyPayload.has(artifacts)) return;
        if (payload !== undefined)
          bindVerified(context, site, { payload, header: headerOf(artifacts), token });
      },
      failed: (error) => {
        const payload = passed.verifySignature.has(artifacts) ? signedPayload(artifacts) : undefined;
        recordRejection(context, site, { token, payload, reason: rejectionReason(error), error });
      },
    };
  };
}

/** `plugin.register(server)` gives the scheme to the server while it runs: what it gives is observed. */
function patchPlugin(context: EventContext, file: LoadedFile): void {
  const plugin = memberOf(file.exports, 'plugin');
  const register = memberOf(plugin, 'register');
  if (typeof register !== 'function' || typeof plugin !== 'object' || plugin === null) {
    warnAboutMissing(file, 'register');
    return;
  }
  const what = hookName(file, 'scheme');
  put(plugin, 'register', function (this: unknown, server: unknown, ...rest: unknown[]): unknown {
    const restore = guarded(what, () => interceptScheme(context, what, memberOf(server, 'auth')));
    try {
      const result: unknown = Reflect.apply(register, this, [server, ...rest]);
      return result;
    } finally {
      guarded(what, () => restore?.());
    }
  });
}

/** Stands in for `server.auth.scheme` until it is put back. */
function interceptScheme(context: EventContext, what: string, auth: unknown): (() => void) | undefined {
  if (typeof auth !== 'object' || auth === null) return undefined;
  const own = Object.getOwnPropertyDescriptor(auth, 'scheme');
  const scheme = memberOf(auth, 'scheme');
  if (typeof scheme !== 'function') return undefined;
  put(auth, 'scheme', function (this: unknown, name: unknown, implementation: unknown): unknown {
    const observed = isFunction(implementation)
      ? observeImplementation(context, what, implementation)
      : implementation;
    const result: unknown = Reflect.apply(scheme, this, [name, observed]);
    return result;
  });
  return () => {
    if (own === undefined) Reflect.deleteProperty(auth, 'scheme');
    else Object.defineProperty(auth, 'scheme', own);
  };
}

/** The implementation `(server, options)` makes a strategy's methods. */
function observeImplementation(
  context: EventContext,
  what: string,
  implementation: LibraryFunction,
): LibraryFunction {
  return (...args) => {
    const methods = implementation(...args);
    guarded(what, () => {
      const authenticate = memberOf(methods, 'authenticate');
      if (isFunction(authenticate))
        put(
          Object(methods),
          'authenticate',
          wrapFunction(authenticate, what, observeAuthenticate(context, args[1])),
        );
    });
    return methods;
  };
}

function isFunction(value: unknown): value is LibraryFunction {
  return typeof value === 'function';
}
