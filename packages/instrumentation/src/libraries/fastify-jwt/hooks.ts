import { memberOf, methodOf } from '../../attach/global-api.ts';
import type { EventContext } from '../../events/event-context.ts';
import { recordRejection, type RejectionReason } from '../../events/rejection.ts';
import { bearerToken } from '../bearer-token.ts';
import { rejectionReason } from '../jsonwebtoken/rejection-reason.ts';
import type { Library, LoadedFile, Observe } from '../library.ts';
import { put } from '../loaded-file.ts';
import { isWrapped, wrapMethod, wrapModule } from '../wrap.ts';
import { FASTIFY_JWT_VERSIONS } from './versions.ts';

/** The hooks of @fastify/jwt: what it refuses before and after fast-jwt has looked at a token. */
export function fastifyJwtLibrary(context: EventContext): Library {
  return {
    versions: FASTIFY_JWT_VERSIONS,
    patch: (file) => {
      wrapModule(file, 'fastifyJwt', observePlugin(context, file), { callback: true });
      const plugin = file.exports;
      if (!isWrapped(plugin)) return;
      // The plugin is exported under three names.
      for (const name of ['default', 'fastifyJwt']) put(Object(plugin), name, plugin);
    },
  };
}

/** The plugin `(fastify, options, done)`: it gives requests a method to verify their token. */
function observePlugin(context: EventContext, file: LoadedFile): Observe {
  return ([fastify, options]) => ({
    succeeded: () => {
      const namespace = memberOf(options, 'namespace');
      const named = typeof namespace === 'string';
      const own = named ? memberOf(options, 'jwtVerify') : undefined;
      const name = typeof own === 'string' ? own : named ? `${namespace}JwtVerify` : 'jwtVerify';
      wrapMethod(file, requestPrototype(fastify), name, observeVerify(context, options), { callback: true });
    },
    failed: () => undefined,
  });
}

/** Where fastify puts what decorates its requests. */
function requestPrototype(fastify: unknown): unknown {
  for (
    let each: unknown = fastify;
    typeof each === 'object' && each !== null;
    each = Object.getPrototypeOf(each)
  ) {
    const symbol = Object.getOwnPropertySymbols(each).find(
      ({ description }) => description === 'fastify.Request',
    );
    if (symbol !== undefined) return memberOf(memberOf(each, symbol), 'prototype');
  }
  return undefined;
}

const BY_CODE: ReadonlyMap<unknown, RejectionReason> = new Map([
  ['FST_JWT_NO_AUTHORIZATION_IN_HEADER', 'missing'],
  ['FST_JWT_NO_AUTHORIZATION_IN_COOKIE', 'missing'],
  ['FST_JWT_BAD_COOKIE_REQUEST', 'missing'],
  ['FST_JWT_BAD_REQUEST', 'malformed'],
  ['FST_JWT_AUTHORIZATION_TOKEN_UNTRUSTED', 'revoked'],
  // What fast-jwt refused it has told itself; else the token could not even be decoded.
  ['FST_JWT_AUTHORIZATION_TOKEN_INVALID', 'malformed'],
]);

/** `request.jwtVerify(options, callback)`; without a callback it gives a promise. */
function observeVerify(context: EventContext, options: unknown): Observe {
  return (_args, request) => {
    const site = context.lifecycle.callSite();
    return {
      succeeded: () => undefined,
      failed: (error) => {
        const token = tokenOf(request, memberOf(options, 'cookie'));
        const code = memberOf(error, 'code');
        const reason = BY_CODE.get(code) ?? rejectionReason(error, token);
        // A token that is taken from elsewhere is not known here, so what fast-jwt told could not be recognised.
        const told = !['missing', 'revoked'].includes(reason);
        if (token === undefined && told && code !== 'FST_JWT_BAD_REQUEST') return;
        recordRejection(context, site, { token: reason === 'missing' ? undefined : token, reason, error });
      },
    };
  };
}

function tokenOf(request: unknown, cookie: unknown): string | undefined {
  const bearer = bearerToken(request);
  const name = memberOf(cookie, 'cookieName');
  if (bearer !== undefined || typeof name !== 'string') return bearer;
  const value = memberOf(memberOf(request, 'cookies'), name);
  const token =
    memberOf(cookie, 'signed') === true
      ? memberOf(methodOf(request, 'unsignCookie')?.(value), 'value')
      : value;
  return typeof token === 'string' && token !== '' ? token : undefined;
}
