import { memberOf } from '../../attach/global-api.ts';
import type { EventContext } from '../../events/event-context.ts';
import { recordRejection, type RejectionReason } from '../../events/rejection.ts';
import type { Library } from '../library.ts';
import { currentAnswer } from '../oauth/token-answers.ts';
import { StrategyLogins, type ReadFailure } from '../passport-oauth2/login.ts';
import { hookName, wrapMethod } from '../wrap.ts';
import { PASSPORT_OPENIDCONNECT_VERSIONS } from './versions.ts';

/**
 * The hooks of passport-openidconnect. It checks the claims of the ID token and trusts the token endpoint for the rest
 * (OpenID Connect Core 1.0, 3.1.3.7, 6); what it then goes on with, it has verified.
 */
export function passportOpenidconnectLibrary(context: EventContext): Library {
  return {
    versions: PASSPORT_OPENIDCONNECT_VERSIONS,
    patch: (file) => {
      const logins = new StrategyLogins(context);
      const readFailure = readIdTokenFailure(context);
      const prototype = memberOf(file.exports, 'prototype');
      wrapMethod(file, prototype, 'authenticate', ([request], self) => {
        if (isObject(self)) logins.begin(hookName(file, 'actions'), self, request, readFailure);
        return undefined;
      });
      // Called when all checks have passed.
      wrapMethod(file, prototype, '_shouldLoadUserProfile', ([, claims], self) => {
        if (isObject(self)) logins.granted(self, claims);
        return undefined;
      });
    },
  };
}

const BY_MESSAGE: readonly (readonly [RegExp, RejectionReason])[] = [
  [/^ID token not present/, 'missing'],
  [/^ID token not issued by expected/, 'wrong_issuer'],
  [/^ID token (?:not intended for|not issued to|missing authorizied party)/, 'wrong_audience'],
  [/^ID token has expired/, 'expired'],
  [/^(?:ID token |Too much time has elapsed)/, 'invalid_claim'],
];

/** An ID token that is not accepted is one, besides being the end of a login. */
function readIdTokenFailure(context: EventContext): ReadFailure {
  return (failure, { site, self }) => {
    const message = memberOf(failure, 'message');
    const reason = BY_MESSAGE.find(([pattern]) => typeof message === 'string' && pattern.test(message))?.[1];
    if (reason === undefined) return failure;
    const token = memberOf(currentAnswer(memberOf(self, '_oauth2')), 'id_token');
    recordRejection(context, site, { token: typeof token === 'string' ? token : undefined, reason });
    return { code: 'invalid_id_token' };
  };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
