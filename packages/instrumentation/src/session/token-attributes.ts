import {
  ATTR_OIDC_TOKEN_EXPIRES_AT,
  ATTR_OIDC_TOKEN_ID,
  ATTR_OIDC_TOKEN_ISSUED_AT,
  ATTR_OIDC_TOKEN_TYPE,
} from '@spanledger/record';
import type { SpanAttributes } from '../otlp/recorded-span.ts';
import { defined } from './session.ts';
import type { TokenInfo } from './token.ts';

/** What local roots and lifecycle events say about a token. */
export function tokenAttributes(token: TokenInfo): SpanAttributes {
  return defined({
    [ATTR_OIDC_TOKEN_TYPE]: token.type,
    [ATTR_OIDC_TOKEN_ID]: token.id,
    [ATTR_OIDC_TOKEN_ISSUED_AT]: token.issuedAt,
    [ATTR_OIDC_TOKEN_EXPIRES_AT]: token.expiresAt,
  });
}
