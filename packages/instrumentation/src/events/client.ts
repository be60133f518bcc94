import { ATTR_OIDC_CLIENT_ID, ATTR_OIDC_ISSUER } from '@spanledger/record';
import type { SpanAttributes } from '../otlp/recorded-span.ts';
import { defined } from '../session/session.ts';

/** Which client asks which provider. */
export interface ClientIdentity {
  readonly clientId: string | undefined;
  readonly issuer: string | undefined;
}

/** The attributes of events that concern no session. */
export function clientAttributes({ clientId, issuer }: ClientIdentity): SpanAttributes {
  return defined({ [ATTR_OIDC_CLIENT_ID]: clientId, [ATTR_OIDC_ISSUER]: issuer });
}
