import { memberOf } from '../../attach/global-api.ts';
import type { EventContext } from '../../events/event-context.ts';
import { recordRejection, type RejectionReason } from '../../events/rejection.ts';
import { bindVerified } from '../../events/verification.ts';
import type { CallSite } from '../../session/lifecycle.ts';
import type { Observe } from '../library.ts';
import { headerOf, signedPayload, tokenOf } from './artifacts.ts';
import { rejectionReason } from './rejection-reason.ts';

/**
 * Observes a scheme's `authenticate(request, h)`. Its result says all: the token's artifacts, and what is wrong with it.
 * The claims are looked at before the signature, so a token that is refused for them may be anybody's.
 *
 * @param context - What recording takes.
 * @param options - Of the strategy; without `verify` the library verifies nothing.
 */
export function observeAuthenticate(context: EventContext, options: unknown): Observe {
  const verifies = memberOf(options, 'verify') !== false;
  return ([request]) => {
    const site = context.lifecycle.callSite();
    return {
      succeeded: (result) => {
        const artifacts = memberOf(memberOf(result, 'data'), 'artifacts');
        const error = memberOf(result, 'error');
        if (error !== undefined && error !== null) refuse(context, site, artifacts, error);
        else if (verifies) accept(context, site, artifacts);
      },
      failed: (error) => {
        if (memberOf(error, 'isMissing') === true) {
          if (isRequired(request))
            recordRejection(context, site, { token: undefined, reason: 'missing', error });
          return;
        }
        recordRejection(context, site, { token: undefined, reason: rejectionReason(error), error });
      },
    };
  };
}

function accept(context: EventContext, site: CallSite, artifacts: unknown): void {
  const payload = signedPayload(artifacts);
  if (payload === undefined) return;
  bindVerified(context, site, { payload, header: headerOf(artifacts), token: tokenOf(artifacts) });
}

function refuse(context: EventContext, site: CallSite, artifacts: unknown, error: unknown): void {
  recordRejection(context, site, { token: tokenOf(artifacts), reason: reasonOf(artifacts, error), error });
}

function reasonOf(artifacts: unknown, error: unknown): RejectionReason {
  const header = headerOf(artifacts);
  const decoded = header !== undefined && memberOf(error, 'message') !== undefined;
  const noKey = decoded && memberOf(artifacts, 'keys') === undefined && rejectionReason(error) === 'other';
  if (!noKey) return rejectionReason(error);
  return memberOf(header, 'alg') === 'none' ? 'algorithm_not_allowed' : 'unknown_key';
}

/** Whether a request without a token is refused: not where another strategy follows, or none is needed. */
function isRequired(request: unknown): boolean {
  const strategies = memberOf(
    memberOf(memberOf(memberOf(request, 'route'), 'settings'), 'auth'),
    'strategies',
  );
  const several = Array.isArray(strategies) && strategies.length > 1;
  return !several && memberOf(memberOf(request, 'auth'), 'mode') === 'required';
}
