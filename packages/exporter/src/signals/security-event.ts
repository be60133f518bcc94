import type { JsonObject } from '@spanledger/record';
import { fault, type SignalFault } from './refusal-code.ts';
import { checkCommonClaims, type CommonClaims, type Expectations } from './signed-token.ts';

/** Events of one token: they are about the same. RFC 8417, 2.2 */
export const MAX_EVENTS = 8;

const TYPE = 'secevent+jwt';

/** A security event token whose claims are good. */
export interface SecurityEventToken extends CommonClaims {
  /** When it happened, where the token says so: `toe`. */
  happened: JsonObject[string] | undefined;
}

/**
 * Checks a security event token whose signature is good. RFC 8417, 2.2 and 4; Shared Signals Framework 1.0, 4.1
 *
 * @param type its `typ`, without which it could be any other token of the issuer
 */
export function checkSecurityEvent(
  type: string | undefined,
  payload: Uint8Array,
  expected: Omit<Expectations, 'maxAgeMs'>,
): SecurityEventToken | SignalFault {
  if (type !== TYPE) return fault('type_wrong');
  // A stream that was away for long delivers what happened then.
  const common = checkCommonClaims(payload, { ...expected, maxAgeMs: Infinity });
  if (!common.ok) return common;
  const count = Object.keys(common.events).length;
  if (count === 0 || count > MAX_EVENTS) return fault('events_wrong');
  return { ...common, happened: common.claims['toe'] };
}
