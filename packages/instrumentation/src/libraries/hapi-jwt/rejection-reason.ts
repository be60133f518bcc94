import { memberOf } from '../../attach/global-api.ts';
import type { RejectionReason } from '../../events/rejection.ts';

/** Errors of @hapi/jwt have no codes. */
const BY_MESSAGE: readonly (readonly [RegExp, RejectionReason])[] = [
  [/^(?:Invalid token signature|Invalid signature)/, 'bad_signature'],
  [/^(?:Invalid token |Token header missing alg|Bad HTTP authentication header format)/, 'malformed'],
  [/^Unsupported algorithm/, 'algorithm_not_allowed'],
  [/^Token (?:expired|maximum age exceeded)/, 'expired'],
  [/^Token not yet active/, 'not_yet_valid'],
  [/^Token (?:audience |missing payload aud )/, 'wrong_audience'],
  [/^Token (?:missing )?payload iss /, 'wrong_issuer'],
  [/^(?:Token (?:missing )?payload |Missing or invalid payload |Invalid payload )/, 'invalid_claim'],
  [/^(?:Failed to obtain keys|JWKS )/, 'keys_unavailable'],
];

/** The reason in an error of @hapi/jwt, or of its scheme. */
export function rejectionReason(error: unknown): RejectionReason {
  const message = memberOf(error, 'message');
  return BY_MESSAGE.find(([pattern]) => typeof message === 'string' && pattern.test(message))?.[1] ?? 'other';
}
