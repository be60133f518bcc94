/**
 * The names of every span attribute and span event that this project gives a meaning to. Semantic conventions are
 * followed where they have a name (1.44); `oidc.*` is ours, since they have none.
 */

/** Stable id of the OIDC session: `sid`, or a digest of iss, sub, client and auth_time. On every span. */
export const ATTR_SESSION_ID = 'session.id';
/** The `sub` claim or its keyed pseudonym. On every span. */
export const ATTR_USER_ID = 'user.id';
/** Who acted, where the application does not write {@link ATTR_USER_ID}; an older name of semantic conventions. */
export const ATTR_ENDUSER_ID = 'enduser.id';
/** A pseudonym of who acted, where the span names nobody otherwise. */
export const ATTR_ENDUSER_PSEUDO_ID = 'enduser.pseudo.id';
/** `azp`, or the client that asked. On every span. */
export const ATTR_OIDC_CLIENT_ID = 'oidc.client_id';
/** The `iss` claim. On every span. */
export const ATTR_OIDC_ISSUER = 'oidc.issuer';

/** active, refreshed, idle, expired, logged_out or revoked. On local roots and lifecycle events. */
export const ATTR_OIDC_SESSION_STATE = 'oidc.session.state';
/** `propagated`: another service vouched for the session; absent where the application verified it itself. On local roots. */
export const ATTR_OIDC_SESSION_SOURCE = 'oidc.session.source';
/** Why a session ended: logout, backchannel_logout, inactivity, expiry or revoked. On `oidc.session.ended`. */
export const ATTR_OIDC_SESSION_END_REASON = 'oidc.session.end_reason';
/** access, id or refresh. */
export const ATTR_OIDC_TOKEN_TYPE = 'oidc.token.type';
/** `jti`, or a digest of the token; never the token. */
export const ATTR_OIDC_TOKEN_ID = 'oidc.token.id';
/** `iat`: seconds since the epoch. */
export const ATTR_OIDC_TOKEN_ISSUED_AT = 'oidc.token.issued_at';
/** `exp`: seconds since the epoch. */
export const ATTR_OIDC_TOKEN_EXPIRES_AT = 'oidc.token.expires_at';
/** `active` of an introspection answer (RFC 7662). */
export const ATTR_OIDC_TOKEN_ACTIVE = 'oidc.token.active';
/** `aud`, as a list. */
export const ATTR_OIDC_TOKEN_AUDIENCE = 'oidc.token.audience';
/** Authentication context class reference. */
export const ATTR_OIDC_ACR = 'oidc.acr';
/** Authentication methods, as a list. */
export const ATTR_OIDC_AMR = 'oidc.amr';
/** `auth_time`: seconds since the epoch. */
export const ATTR_OIDC_AUTH_TIME = 'oidc.auth_time';
/** Granted scopes, as a list. */
export const ATTR_OIDC_SCOPE = 'oidc.scope';
/** Scopes that were asked for, as a list. */
export const ATTR_OIDC_SCOPE_REQUESTED = 'oidc.scope.requested';
/** The scopes that a call needed, where they were not granted; list of strings. Ours. */
export const ATTR_OIDC_SCOPE_REQUIRED = 'oidc.scope.required';
/** authorization_code, refresh_token, client_credentials … */
export const ATTR_OIDC_GRANT_TYPE = 'oidc.grant_type';
/** code, implicit, hybrid, client_credentials, device … */
export const ATTR_OIDC_FLOW = 'oidc.flow';
/** The OAuth error code. */
export const ATTR_OIDC_ERROR = 'oidc.error';
/** The OAuth error description: free text, always committed. */
export const ATTR_OIDC_ERROR_DESCRIPTION = 'oidc.error_description';
/** Claims that `SPANLEDGER_CLAIMS` names: this prefix and the claim's name. */
export const ATTR_OIDC_CLAIMS_PREFIX = 'oidc.claims.';

/** Login or display name (opt-in). */
export const ATTR_USER_NAME = 'user.name';
/** Email address (opt-in). */
export const ATTR_USER_EMAIL = 'user.email';
/** Roles, as a list (opt-in). */
export const ATTR_USER_ROLES = 'user.roles';
/** Address of the client, as semantic conventions define it. */
export const ATTR_CLIENT_ADDRESS = 'client.address';
/** The User-Agent header. */
export const ATTR_USER_AGENT_ORIGINAL = 'user_agent.original';

/** A business action that the application names itself; a span attribute, or an attribute of {@link EVENT_AUDIT_ACTION}. */
export const ATTR_AUDIT_ACTION = 'audit.action';
/** What kind of thing a business action was done to. */
export const ATTR_AUDIT_TARGET_TYPE = 'audit.target.type';
/** How a business action ended: success, failure or unknown. */
export const ATTR_AUDIT_OUTCOME = 'audit.outcome';
/** Resource attribute: the random id of this process start (the producer). */
export const ATTR_AUDIT_SEQUENCE_STREAM_ID = 'audit.sequence.stream_id';
/** Span attribute: the producer's number of this span, from 1. */
export const ATTR_AUDIT_SEQUENCE_NUMBER = 'audit.sequence.number';

/** How many spans a producer numbered and could not keep. On {@link EVENT_RECORDS_LOST}, like the next three. */
export const ATTR_AUDIT_LOST_COUNT = 'audit.lost.count';
/** The first number that was lost. */
export const ATTR_AUDIT_LOST_FIRST = 'audit.lost.first';
/** The last number that was lost; what lies between and was not lost is in the log. */
export const ATTR_AUDIT_LOST_LAST = 'audit.lost.last';
/** Why: spool_full, spool_failed … */
export const ATTR_AUDIT_LOST_REASON = 'audit.lost.reason';

/** A token came out of a token endpoint. */
export const EVENT_TOKEN_ISSUED = 'oidc.token.issued';
/** A refresh token bought new tokens. */
export const EVENT_TOKEN_REFRESHED = 'oidc.token.refreshed';
/** A token was revoked. */
export const EVENT_TOKEN_REVOKED = 'oidc.token.revoked';
/** A token was introspected. */
export const EVENT_TOKEN_INTROSPECTED = 'oidc.token.introspected';
/** A token did not verify. */
export const EVENT_TOKEN_REJECTED = 'oidc.token.rejected';
/** A user was sent to the authorization endpoint. */
export const EVENT_AUTHORIZATION_REQUESTED = 'oidc.authorization.requested';
/** The authorization endpoint answered with an error, or its answer did not verify. */
export const EVENT_AUTHORIZATION_FAILED = 'oidc.authorization.failed';
/** A session was seen for the first time. */
export const EVENT_SESSION_STARTED = 'oidc.session.started';
/** A session ended. */
export const EVENT_SESSION_ENDED = 'oidc.session.ended';
/** A producer lost spans that it had numbered: the hole in its sequence is no one else's doing. */
export const EVENT_RECORDS_LOST = 'audit.records.lost';
/** A producer ended of its own accord: the number of this span is its last. The terminal marker of its sequence. */
export const EVENT_PRODUCER_ENDED = 'audit.producer.ended';
/** A business action, named by its `audit.action` attribute. */
export const EVENT_AUDIT_ACTION = 'audit.action';

/** Why a token was not accepted: expired, not_yet_valid, bad_signature, wrong_audience, malformed … */
export const ATTR_OIDC_TOKEN_REJECTION_REASON = 'oidc.token.rejection_reason';
/** Why tokens were refreshed: expired, near_expiry, forced or unknown. */
export const ATTR_OIDC_TOKEN_REFRESH_REASON = 'oidc.token.refresh_reason';
/** How many seconds the old access token had left when it was refreshed; negative when it had expired. */
export const ATTR_OIDC_TOKEN_SECONDS_LEFT = 'oidc.token.seconds_left';
/** Id of the access token that a refresh replaced. */
export const ATTR_OIDC_TOKEN_PREVIOUS_ID = 'oidc.token.previous_id';
