import { memberOf } from '../../attach/global-api.ts';
import type { EventContext } from '../../events/event-context.ts';
import type { Library } from '../library.ts';
import { hookName, wrapMethod } from '../wrap.ts';
import { StrategyLogins } from './login.ts';
import { PASSPORT_OAUTH2_VERSIONS } from './versions.ts';

/**
 * The hooks of passport-oauth2, which strategies for single providers extend. Its logins are recorded but start no
 * session: an ID token that comes along is not verified by it.
 */
export function passportOauth2Library(context: EventContext): Library {
  return {
    versions: PASSPORT_OAUTH2_VERSIONS,
    patch: (file) => {
      const logins = new StrategyLogins(context);
      const prototype = memberOf(file.exports, 'prototype');
      wrapMethod(file, prototype, 'authenticate', ([request], self) => {
        if (isObject(self)) logins.begin(hookName(file, 'actions'), self, request);
        return undefined;
      });
      // Called with the answer of the token endpoint.
      wrapMethod(file, prototype, '_loadUserProfile', (_args, self) => {
        if (isObject(self)) logins.granted(self, undefined);
        return undefined;
      });
    },
  };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
