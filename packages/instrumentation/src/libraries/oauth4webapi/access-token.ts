import { memberOf } from '../../attach/global-api.ts';
import type { EventContext } from '../../events/event-context.ts';
import { recordRejection, type RejectionReason } from '../../events/rejection.ts';
import { bindVerified } from '../../events/verification.ts';
import type { Observe } from '../library.ts';

/** `validateJwtAccessToken(as, request, expectedAudience, options)`: how a resource server verifies. */
export function observeAccessToken(context: EventContext): Observe {
  return ([, request]) => {
    const site = context.lifecycle.callSite();
    const token = tokenIn(request);
    return {
      succeeded: (claims) => {
        if (typeof claims !== 'object' || claims === null) return;
        bindVerified(context, site, { payload: claims, header: { typ: 'at+jwt' }, token });
      },
      // The claims in its errors are not verified yet in version 3: the signature comes last.
      failed: (error) => {
        recordRejection(context, site, { token, reason: rejectionReason(error), error });
      },
    };
  };
}

/** In the order in which they are looked for. Version 2 has no codes, and version 3 one for many things. */
const BY_MESSAGE: readonly (readonly [RegExp, RejectionReason])[] = [
  [/missing an Authorization HTTP Header/, 'missing'],
  [/"exp" \(expiration time\) claim value/, 'expired'],
  [/"nbf" \(not before\) claim value/, 'not_yet_valid'],
  [/"aud" \(audience\) claim value/, 'wrong_audience'],
  [/"iss" \(issuer\) claim value/, 'wrong_issuer'],
  [/signature verification failed/, 'bad_signature'],
  [/selecting a JWT verification key/, 'unknown_key'],
  [/"alg"/, 'algorithm_not_allowed'],
  [/"jwks_uri"|JSON Web Key Set/, 'keys_unavailable'],
  [/^Invalid JWT|failed to parse JWT|must be a top level object|Authorization HTTP Header/, 'malformed'],
  [/ claim /, 'invalid_claim'],
];

/** The reason in an error of oauth4webapi. */
export function rejectionReason(error: unknown): RejectionReason {
  const message = memberOf(error, 'message');
  if (typeof message !== 'string') return 'other';
  return BY_MESSAGE.find(([pattern]) => pattern.test(message))?.[1] ?? 'other';
}

function tokenIn(request: unknown): string | undefined {
  const headers = memberOf(request, 'headers');
  const authorization = headers instanceof Headers ? headers.get('authorization') : undefined;
  return authorization?.split(/ +/)[1];
}
