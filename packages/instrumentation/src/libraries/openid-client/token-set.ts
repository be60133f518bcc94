import { memberOf, methodOf } from '../../attach/global-api.ts';
import { readTokenResponse, type TokenResponse } from '../../events/token-response.ts';

const TOKENS = ['access_token', 'refresh_token', 'id_token'] as const;

/** Reads a TokenSet of version 5. Its `claims()` throws where there is no ID token. */
export function readTokenSet(tokenSet: unknown, now: number): TokenResponse {
  const names = [...TOKENS, 'expires_in', 'scope'];
  const plain = Object.fromEntries(names.map((name) => [name, memberOf(tokenSet, name)]));
  const claims = hasToken(tokenSet, 'id_token') ? methodOf(tokenSet, 'claims')?.() : undefined;
  return readTokenResponse(plain, now, claims);
}

/** Whether it has anything: a response may be without tokens. */
export function hasTokens(tokenSet: unknown): boolean {
  return TOKENS.some((name) => hasToken(tokenSet, name));
}

/** A token that is given as itself or in a TokenSet. */
export function tokenIn(given: unknown, name: (typeof TOKENS)[number]): string | undefined {
  const token = typeof given === 'string' ? given : memberOf(given, name);
  return typeof token === 'string' && token !== '' ? token : undefined;
}

function hasToken(tokenSet: unknown, name: string): boolean {
  return typeof memberOf(tokenSet, name) === 'string';
}
