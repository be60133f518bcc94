import {
  ATTR_OIDC_ERROR,
  ATTR_OIDC_SCOPE,
  ATTR_OIDC_SCOPE_REQUIRED,
  EVENT_AUTHORIZATION_FAILED,
} from '@spanledger/record';
import type { CallSite } from '../session/lifecycle.ts';
import { defined, type Session } from '../session/session.ts';
import type { EventContext } from './event-context.ts';

/** A call that the token's scopes do not allow. */
export interface ScopeDenial {
  /** The scopes that the call needs, where the library says. */
  readonly required: readonly string[] | undefined;
  /** The scopes that the token holds; by default the session's. */
  readonly held?: readonly string[] | undefined;
  /** Whose call; by default the session that the request is bound to. */
  readonly session?: Session | undefined;
  readonly error?: unknown;
}

/** Records that a token was good but did not reach far enough (RFC 6750, 3.1: `insufficient_scope`). */
export function recordScopeDenial(
  { lifecycle }: EventContext,
  site: CallSite,
  { required, held, session, error }: ScopeDenial,
): void {
  lifecycle.record(
    site,
    EVENT_AUTHORIZATION_FAILED,
    {
      ...(session ?? lifecycle.sessionAt(site))?.describe(),
      ...defined({ [ATTR_OIDC_SCOPE_REQUIRED]: required, [ATTR_OIDC_SCOPE]: held }),
      [ATTR_OIDC_ERROR]: 'insufficient_scope',
    },
    { error },
  );
}
