import { memberOf } from '../../attach/global-api.ts';
import type { EventContext } from '../../events/event-context.ts';
import { recordIntrospection, typeOfHint } from '../../events/token-state.ts';
import { guarded } from '../../warning.ts';
import type { Library, LibraryFunction, LoadedFile, Observe } from '../library.ts';
import { isFunction } from '../middleware.ts';
import { hookName, markWrapped, warnAboutMissing, wrapFunction } from '../wrap.ts';
import { ProviderEvents } from './provider-events.ts';
import { ProviderRequest } from './request-context.ts';
import { OIDC_PROVIDER_VERSIONS, PROVIDER_FILE } from './versions.ts';

/** The hooks of panva/node-oidc-provider: what an authorization server does, told from its own side. */
export function oidcProviderLibrary(context: EventContext): Library {
  const events = new ProviderEvents(context);
  return {
    versions: OIDC_PROVIDER_VERSIONS,
    patch: (file) => {
      if (file.path === PROVIDER_FILE) patchProvider(events, file);
      else patchIntrospection(context, file);
    },
  };
}

/** Sees every event on its way to the listeners, and is none of them: applications count and remove listeners. */
function patchProvider(events: ProviderEvents, file: LoadedFile): void {
  const provider = memberOf(file.exports, 'Provider') ?? memberOf(file.exports, 'default') ?? file.exports;
  const prototype = memberOf(provider, 'prototype');
  if (typeof prototype !== 'object' || prototype === null || !isFunction(memberOf(prototype, 'emit'))) {
    warnAboutMissing(file, 'emit');
    return;
  }
  const own = Object.getOwnPropertyDescriptor(prototype, 'emit');
  const what = hookName(file, 'emit');
  const emit: LibraryFunction = function (this: unknown, ...args) {
    guarded(what, () => {
      const [name, ...others] = args;
      events.observe(this, name, others);
    });
    const original: unknown = own?.value ?? memberOf(Object.getPrototypeOf(prototype), 'emit');
    return isFunction(original) ? Reflect.apply(original, this, args) : false;
  };
  Reflect.defineProperty(emit, 'length', { value: 1, configurable: true });
  markWrapped(emit);
  Object.defineProperty(prototype, 'emit', {
    value: emit,
    writable: true,
    enumerable: false,
    configurable: true,
  });
}

/** The endpoint is a list of middlewares, or in older versions makes one; the last of them answers. */
function patchIntrospection(context: EventContext, file: LoadedFile): void {
  const action = file.exports;
  const endpoint = isFunction(action) ? action : memberOf(action, 'default');
  const what = hookName(file, 'introspection');
  const observed = (list: unknown): unknown => {
    if (!Array.isArray(list)) return list;
    const answer: unknown = list.at(-1);
    if (!isFunction(answer)) return list;
    return [...list.slice(0, -1), wrapFunction(answer, what, observeIntrospection(context))];
  };
  if (isFunction(endpoint)) {
    const hooked: LibraryFunction = function (this: unknown, ...args) {
      const list: unknown = Reflect.apply(endpoint, this, args);
      return guarded(what, () => observed(list)) ?? list;
    };
    markWrapped(hooked);
    file.replace(hooked);
  } else if (Array.isArray(endpoint)) file.replace(observed(endpoint));
  else warnAboutMissing(file, 'introspection');
}

function observeIntrospection(context: EventContext): Observe {
  return ([ctx]) => {
    const site = context.lifecycle.callSite();
    return {
      succeeded: () => {
        const request = new ProviderRequest(ctx);
        const token = request.parameter('token');
        if (token === undefined) return;
        const type = typeOfHint(request.parameter('token_type_hint'));
        recordIntrospection(context, site, { client: request.client, token, type }, request.body);
      },
      // Its own event tells.
      failed: () => undefined,
    };
  };
}
