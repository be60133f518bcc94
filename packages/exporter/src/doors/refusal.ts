import type { TokenFault } from './token-book.ts';

/** Why a request, or a connection, was not let in. */
export type RefusalReason =
  | TokenFault
  /** Nothing was presented where something must be. */
  | 'token_missing'
  /** The role does not open this door. */
  | 'role_insufficient'
  /** A sender sent records of a service that it is not for. */
  | 'service_not_allowed'
  /** A connection without a client certificate, where one is required. */
  | 'certificate_missing'
  /** A client certificate of another authority, or an expired one. */
  | 'certificate_untrusted';

/** Something that was not let in. */
export interface Refusal {
  reason: RefusalReason;
  /** The address that it came from. */
  address: string;
  /** `token:<id>` or `certificate:<name>`, where it is known who came: the right credential in the wrong place or time. */
  caller?: string;
  /** The token's id. */
  tokenId?: string;
  /** Absent for a connection that was refused before it asked for anything. */
  request?: { method: string; route: string; status: 401 | 403 };
}

const AUTHENTICATION: ReadonlySet<RefusalReason> = new Set<RefusalReason>([
  'certificate_missing',
  'certificate_untrusted',
  'token_expired',
  'token_malformed',
  'token_missing',
  'token_revoked',
  'token_unknown',
]);

/** Whether it was not known who came; otherwise it was known, and not allowed. */
export function isUnauthenticated(reason: RefusalReason): boolean {
  return AUTHENTICATION.has(reason);
}
