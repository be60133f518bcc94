import { memberOf } from '../../attach/global-api.ts';
import type { ClientIdentity } from '../../events/client.ts';
import type { RejectionReason } from '../../events/rejection.ts';
import { readTokenResponse, type TokenResponse } from '../../events/token-response.ts';
import { scopeList } from '../../session/claims.ts';
import { describeToken, type TokenInfo } from '../../session/token.ts';

/** The client and the realm of a `GrantManager`, or of the configuration that it is made from. */
export function clientOf(holder: unknown): ClientIdentity {
  const clientId = memberOf(holder, 'clientId');
  const realmUrl = memberOf(holder, 'realmUrl');
  return {
    clientId: typeof clientId === 'string' ? clientId : undefined,
    issuer: typeof realmUrl === 'string' ? realmUrl : undefined,
  };
}

/** The text of a `Token`, or of a token that was given as it is. */
export function rawToken(token: unknown): string | undefined {
  const text: unknown = typeof token === 'string' ? token : memberOf(token, 'token');
  return typeof text === 'string' && text !== '' ? text : undefined;
}

/** What a `Token` says; only to be used of one that was validated. */
export function contentOf(token: unknown): object | undefined {
  const content = memberOf(token, 'content');
  return typeof content === 'object' && content !== null ? content : undefined;
}

/** The access token of a `Grant`, described. */
export function accessTokenOf(grant: unknown): TokenInfo | undefined {
  const token = rawToken(memberOf(grant, 'access_token'));
  return token === undefined ? undefined : describeToken('access', token);
}

/** A validated `Grant` as an answer of the token endpoint. */
export function grantResponse(grant: unknown, now: number): TokenResponse {
  const [accessToken, idToken] = [memberOf(grant, 'access_token'), memberOf(grant, 'id_token')];
  const access = contentOf(accessToken);
  return readTokenResponse(
    {
      access_token: rawToken(accessToken),
      refresh_token: rawToken(memberOf(grant, 'refresh_token')),
      id_token: rawToken(idToken),
      expires_in: memberOf(grant, 'expires_in'),
      scope: scopeList(memberOf(access, 'scope')),
    },
    now,
    contentOf(idToken) ?? access,
  );
}

const BY_MESSAGE: readonly (readonly [RegExp, RejectionReason])[] = [
  [/\(missing\)/, 'missing'],
  [/\(expired\)/, 'expired'],
  [/\(not signed\)/, 'malformed'],
  [/\(stale token\)/, 'revoked'],
  [/\(wrong ISS\)/, 'wrong_issuer'],
  [/\(wrong audience\)/, 'wrong_audience'],
  [/\(wrong type\)|\(authorized party/, 'invalid_claim'],
  [/signature\)/, 'bad_signature'],
  [/^failed to load public key/, 'unknown_key'],
];

/** The reason in an error of keycloak-connect, which says it in words. A token that is none is "expired" to it. */
export function rejectionReason(error: unknown, token: unknown): RejectionReason {
  const message = memberOf(error, 'message');
  if (typeof message !== 'string') return 'other';
  const reason = BY_MESSAGE.find(([pattern]) => pattern.test(message))?.[1] ?? 'other';
  return reason === 'expired' && memberOf(token, 'signed') === undefined ? 'malformed' : reason;
}

/** Its requests fail with `400:Bad Request`; what the server wrote besides is thrown away. */
export function requestFailure(error: unknown): unknown {
  const message = memberOf(error, 'message');
  const status = typeof message === 'string' ? /^(\d{3}):/.exec(message)?.[1] : undefined;
  return status === undefined ? error : { error: `http_${status}`, cause: error };
}
