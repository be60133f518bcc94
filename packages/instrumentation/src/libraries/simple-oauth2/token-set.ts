import { memberOf } from '../../attach/global-api.ts';
import { readTokenResponse, type TokenResponse } from '../../events/token-response.ts';
import { listClaim } from '../../session/claims.ts';
import { peekPayload } from '../../session/token.ts';

/**
 * An `AccessToken` as an answer of the token endpoint. The ID token in it came from there, over the library's own request
 * (OpenID Connect Core 1.0, 3.1.3.7: that may stand for its signature); it counts if it was issued to this client.
 */
export function tokenResponse(result: unknown, now: number, clientId: string | undefined): TokenResponse {
  const token = memberOf(result, 'token');
  const idToken = memberOf(token, 'id_token');
  const claims = typeof idToken === 'string' ? peekPayload(idToken) : undefined;
  const audience = claims && listClaim(claims, 'aud');
  const isOurs = clientId !== undefined && audience?.includes(clientId) === true;
  return readTokenResponse(token, now, isOurs ? claims : undefined);
}

/** An error of the HTTP client that simple-oauth2 uses holds the server's answer; the code that it says is in there. */
export function requestFailure(error: unknown): unknown {
  const payload = memberOf(memberOf(error, 'data'), 'payload');
  const code = memberOf(payload, 'error');
  return typeof code === 'string'
    ? { error: code, error_description: memberOf(payload, 'error_description'), cause: error }
    : error;
}
