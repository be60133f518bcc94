/** KQL that more than one object asks. */
export const FAILED_LOGINS: string =
  'event.category : "authentication" and event.outcome : "failure" and not event.action : ("oidc.token.rejected" or "access.refused") and not oidc.error : "insufficient_scope"';

/** What only administrators reach, what people with such a role do, and changes of the log's keys. */
export const PRIVILEGED_ACTIONS: string =
  '(span.kind : "server" and (http.route : *admin* or user.roles : *admin*)) or (event.action : ledger.key.* and audit.key.number : *)';

/** A session that has ended is used, other than by what ends it; or a token of it is. */
export const USE_AFTER_LOGOUT: string =
  '(oidc.session.state : ("logged_out" or "revoked") and not event.action : ("oidc.session.ended" or "oidc.token.revoked") and not http.route : *logout*) or (event.action : "oidc.token.rejected" and event.reason : "revoked")';

/** A token was good but did not reach far enough: said by the library that checked it, or seen in the answer. */
export const SCOPE_MISMATCHES: string =
  'oidc.error : "insufficient_scope" or (span.kind : "server" and http.response.status_code : 403 and oidc.scope : *)';

/** Requests that a service answered: each once, without the spans inside. */
export const REQUESTS: string = 'span.kind : "server"';

/** The sessions and tokens themselves, not what was done with them. */
export const LIFECYCLE: string = 'event.action : oidc.*';

/** What one side of a comparison with the identity provider has and the other has not. */
export const RECONCILIATION_FINDINGS: string =
  'event.action : ("reconciliation.missing_in_ledger" or "reconciliation.missing_at_provider") and event.provider : *';

/** A producer says that it could not keep records. */
export const RECORDS_LOST: string = 'event.action : "audit.records.lost"';

/** The log's keys were changed. */
export const KEY_CHANGES: string = 'event.action : ledger.key.* and audit.key.number : *';

/** A refresh token that was used before, or has been taken back, is shown again. */
export const REFRESH_REUSE: string =
  'event.action : "oidc.authorization.failed" and oidc.grant_type : "refresh_token" and oidc.error : "invalid_grant"';
