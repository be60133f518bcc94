import type { SpanAttributes } from '../otlp/recorded-span.ts';
import type { TokenInfo } from './token.ts';

/** What local roots and lifecycle events say about a token. */
export function tokenAttributes(token: TokenInfo): SpanAttributes {
  const attributes: SpanAttributes = {};
  writeTokenAttributes(attributes, token);
  return attributes;
}

/** Writes {@link tokenAttributes} into the attributes of a span; names are in full for the reason that `writeShort` has. */
export function writeTokenAttributes(attributes: SpanAttributes, token: TokenInfo): void {
  attributes['oidc.token.type'] = token.type;
  attributes['oidc.token.id'] = token.id;
  if (token.issuedAt !== undefined) attributes['oidc.token.issued_at'] = token.issuedAt;
  if (token.expiresAt !== undefined) attributes['oidc.token.expires_at'] = token.expiresAt;
}
