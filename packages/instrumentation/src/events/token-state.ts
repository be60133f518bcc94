import { ATTR_OIDC_TOKEN_ACTIVE, EVENT_TOKEN_INTROSPECTED, EVENT_TOKEN_REVOKED } from '@spanledger/record';
import { memberOf } from '../attach/global-api.ts';
import type { CallSite } from '../session/lifecycle.ts';
import { describeToken, digestId, peekPayload, type TokenType } from '../session/token.ts';
import { tokenAttributes } from '../session/token-attributes.ts';
import { clientAttributes, type ClientIdentity } from './client.ts';
import type { EventContext } from './event-context.ts';
import { failureAttributes } from './failure.ts';
import { recordRejection } from './rejection.ts';

/** A token that somebody asked the provider about, or asked it to revoke. */
export interface TokenInquiry {
  readonly client: ClientIdentity;
  /** The token; only its digest, or what a JWT says of itself, is used. */
  readonly token: string;
  readonly type: TokenType;
}

/** Records a revocation (RFC 7009). Without the refresh token nothing can follow; without an access token the next one can. */
export function recordRevocation(
  { lifecycle, sessions }: EventContext,
  site: CallSite,
  { client, token, type }: TokenInquiry,
): void {
  const session = sessions.ofToken(token);
  const known = knownType(token, type);
  if (session !== undefined && known === 'refresh') session.state = 'revoked';
  lifecycle.record(
    site,
    EVENT_TOKEN_REVOKED,
    {
      ...clientAttributes(client),
      ...session?.describe(),
      ...tokenAttributes(describeToken(known, token)),
    },
    { key: `${EVENT_TOKEN_REVOKED} ${digestId(token)}` },
  );
}

/**
 * Records an introspection (RFC 7662): how a resource server verifies an opaque token. The provider's "active" vouches
 * for the session.
 *
 * @param answer - The provider's answer.
 */
export function recordIntrospection(
  context: EventContext,
  site: CallSite,
  { client, token, type }: TokenInquiry,
  answer: unknown,
): void {
  const { lifecycle, sessions, now } = context;
  const active = memberOf(answer, 'active') === true;
  const info = describeToken(type, token);
  const session = active
    ? (sessions.ofToken(token) ?? sessions.resolve({ iss: client.issuer, ...Object(answer) }, token))
    : sessions.ofToken(token);
  // What nobody vouches for may say that it is another token.
  const isGenuine = active || session !== undefined;
  if (active && session !== undefined) lifecycle.bind(site, { session, token: info });
  lifecycle.record(
    site,
    EVENT_TOKEN_INTROSPECTED,
    {
      ...clientAttributes(client),
      ...session?.describe(),
      ...tokenAttributes(
        isGenuine ? info : { type, id: digestId(token), issuedAt: undefined, expiresAt: undefined },
      ),
      [ATTR_OIDC_TOKEN_ACTIVE]: active,
    },
    { key: `${EVENT_TOKEN_INTROSPECTED} ${digestId(token)}` },
  );
  if (active) return;
  const isExpired = info.expiresAt !== undefined && info.expiresAt * 1_000 <= now();
  // The provider does not say why. A token that was seen alive here, and whose time is not up, was taken back.
  const reason = isExpired ? 'expired' : session === undefined ? 'inactive' : 'revoked';
  recordRejection(context, site, { token, reason });
}

/** Records that the provider did not answer an introspection, or refused it. */
export function recordIntrospectionFailure(
  { lifecycle }: EventContext,
  site: CallSite,
  { client, token }: Pick<TokenInquiry, 'client' | 'token'>,
  error: unknown,
): void {
  lifecycle.record(
    site,
    EVENT_TOKEN_INTROSPECTED,
    { ...clientAttributes(client), ...failureAttributes(error, token) },
    { error },
  );
}

/** `token_type_hint` as a type; access without one. */
export function typeOfHint(hint: string | undefined): TokenType {
  return hint === 'refresh_token' ? 'refresh' : 'access';
}

/** A hint may be left out (RFC 7009, section 2.1). Keycloak's refresh tokens say themselves what they are. */
function knownType(token: string, hinted: TokenType): TokenType {
  const typ = memberOf(peekPayload(token), 'typ');
  return typ === 'Refresh' || typ === 'Offline' ? 'refresh' : hinted;
}
