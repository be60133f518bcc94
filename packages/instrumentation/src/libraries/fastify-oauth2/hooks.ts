import { memberOf } from '../../attach/global-api.ts';
import { recordAuthorizationFailure } from '../../events/authorization.ts';
import type { ClientIdentity } from '../../events/client.ts';
import type { EventContext } from '../../events/event-context.ts';
import { recordGrant } from '../../events/grant.ts';
import { guarded } from '../../warning.ts';
import type { Library, LibraryFunction, LoadedFile, Observe } from '../library.ts';
import { put } from '../loaded-file.ts';
import { isFunction } from '../middleware.ts';
import { requestFailure, tokenResponse } from '../simple-oauth2/token-set.ts';
import { hookName, markWrapped, MODULE_EXPORTS, warnAboutMissing, wrapMethod } from '../wrap.ts';
import { FASTIFY_OAUTH2_VERSIONS } from './versions.ts';

/** Aliases under which the plugin exports itself. */
const ALIASES = ['default', 'fastifyOauth2'];

/**
 * The hooks of @fastify/oauth2. simple-oauth2, which it is made of, tells of authorization, grants, refreshes and
 * revocations; what only the plugin sees is the `state` of an answer, and answers that it refuses because of it.
 */
export function fastifyOauth2Library(context: EventContext): Library {
  return {
    versions: FASTIFY_OAUTH2_VERSIONS,
    patch: (file) => {
      const plugin = file.exports;
      if (!isFunction(plugin)) {
        warnAboutMissing(file, MODULE_EXPORTS);
        return;
      }
      const hooked = observedPlugin(context, file, plugin);
      for (const alias of ALIASES) {
        if (memberOf(plugin, alias) === plugin) put(hooked, alias, hooked);
      }
      file.replace(hooked);
    },
  };
}

/** The plugin `(fastify, options, next)`: when it has made its namespace, the functions in it are observed. */
function observedPlugin(context: EventContext, file: LoadedFile, plugin: LibraryFunction): LibraryFunction {
  const hooked: LibraryFunction = function (this: unknown, ...args: unknown[]): unknown {
    const [fastify, options, next] = args;
    if (isFunction(next)) {
      args[2] = function (this: unknown, ...given: unknown[]): unknown {
        guarded(hookName(file, 'plugin'), () => {
          const name = memberOf(options, 'name');
          const namespace = typeof name === 'string' ? memberOf(fastify, name) : undefined;
          if (namespace === undefined) return;
          const clientId = memberOf(memberOf(memberOf(options, 'credentials'), 'client'), 'id');
          const issuer = memberOf(memberOf(options, 'discovery'), 'issuer');
          const observe = observeCodeFlow(context, {
            clientId: typeof clientId === 'string' ? clientId : undefined,
            issuer: typeof issuer === 'string' ? issuer : undefined,
          });
          const method = 'getAccessTokenFromAuthorizationCodeFlow';
          wrapMethod(file, namespace, method, observe, { callback: true });
        });
        return Reflect.apply(next, this, given);
      };
    }
    return Reflect.apply(plugin, this, args);
  };
  for (const key of Reflect.ownKeys(plugin)) {
    const descriptor = Object.getOwnPropertyDescriptor(plugin, key);
    if (key !== 'prototype' && descriptor !== undefined) Reflect.defineProperty(hooked, key, descriptor);
  }
  markWrapped(hooked);
  return hooked;
}

/** `getAccessTokenFromAuthorizationCodeFlow(request[, reply][, callback])`. */
function observeCodeFlow(context: EventContext, client: ClientIdentity): Observe {
  const grantType = 'authorization_code';
  return ([request]) => {
    const site = context.lifecycle.callSite();
    const query = memberOf(request, 'query');
    const said = memberOf(query, 'state');
    const state = typeof said === 'string' ? said : undefined;
    return {
      succeeded: (result) => {
        const response = tokenResponse(result, context.now(), client.clientId);
        recordGrant(context, site, { client, grantType, flow: 'code', state, response });
      },
      failed: (error) => {
        const invalid = memberOf(error, 'message') === 'Invalid state';
        recordAuthorizationFailure(context, site, {
          client,
          error: invalid ? { error: 'invalid_state', cause: error } : requestFailure(error),
          state,
          secrets: [memberOf(query, 'code')],
          grantType,
        });
      },
    };
  };
}
