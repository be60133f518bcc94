export {
  ATTR_AUDIT_ACTION,
  ATTR_AUDIT_LOST_COUNT,
  ATTR_AUDIT_LOST_FIRST,
  ATTR_AUDIT_LOST_LAST,
  ATTR_AUDIT_LOST_REASON,
  ATTR_AUDIT_OUTCOME,
  ATTR_AUDIT_SEQUENCE_NUMBER,
  ATTR_AUDIT_SEQUENCE_STREAM_ID,
  ATTR_AUDIT_TARGET_TYPE,
  ATTR_CLIENT_ADDRESS,
  ATTR_ENDUSER_ID,
  ATTR_ENDUSER_PSEUDO_ID,
  ATTR_OIDC_ACR,
  ATTR_OIDC_AMR,
  ATTR_OIDC_AUTH_TIME,
  ATTR_OIDC_CLAIMS_PREFIX,
  ATTR_OIDC_CLIENT_ID,
  ATTR_OIDC_ERROR,
  ATTR_OIDC_ERROR_DESCRIPTION,
  ATTR_OIDC_FLOW,
  ATTR_OIDC_GRANT_TYPE,
  ATTR_OIDC_ISSUER,
  ATTR_OIDC_SCOPE,
  ATTR_OIDC_SCOPE_REQUESTED,
  ATTR_OIDC_SCOPE_REQUIRED,
  ATTR_OIDC_SESSION_END_REASON,
  ATTR_OIDC_SESSION_SOURCE,
  ATTR_OIDC_SESSION_STATE,
  ATTR_OIDC_TOKEN_ACTIVE,
  ATTR_OIDC_TOKEN_AUDIENCE,
  ATTR_OIDC_TOKEN_EXPIRES_AT,
  ATTR_OIDC_TOKEN_ID,
  ATTR_OIDC_TOKEN_ISSUED_AT,
  ATTR_OIDC_TOKEN_PREVIOUS_ID,
  ATTR_OIDC_TOKEN_REFRESH_REASON,
  ATTR_OIDC_TOKEN_REJECTION_REASON,
  ATTR_OIDC_TOKEN_SECONDS_LEFT,
  ATTR_OIDC_TOKEN_TYPE,
  ATTR_SESSION_ID,
  ATTR_USER_AGENT_ORIGINAL,
  ATTR_USER_EMAIL,
  ATTR_USER_ID,
  ATTR_USER_NAME,
  ATTR_USER_ROLES,
  EVENT_AUDIT_ACTION,
  EVENT_AUTHORIZATION_FAILED,
  EVENT_AUTHORIZATION_REQUESTED,
  EVENT_PRODUCER_ENDED,
  EVENT_RECORDS_LOST,
  EVENT_SESSION_ENDED,
  EVENT_SESSION_STARTED,
  EVENT_TOKEN_INTROSPECTED,
  EVENT_TOKEN_ISSUED,
  EVENT_TOKEN_REFRESHED,
  EVENT_TOKEN_REJECTED,
  EVENT_TOKEN_REVOKED,
} from './attributes.ts';
export {
  AUDIT_SCHEMA_VERSION,
  COMMITMENT_GROUPS,
  ECS_VERSION,
  MAX_EVIDENCE_RECORDS,
} from './audit-record.ts';
export type {
  AlertFields,
  AlertSeverity,
  AlertStatus,
  AuditRecord,
  CommitmentGroup,
  EvidenceFields,
  Opening,
  Openings,
  Outcome,
} from './audit-record.ts';
export { encodeBase64url } from './base64url.ts';
export { buildEntryBatch } from './batch-builder.ts';
export type { BatchCrypto, ReferencedDraft } from './batch-builder.ts';
export { parseCanonical } from './canonical-json/parser.ts';
export { canonicalize, encodeCanonical } from './canonical-json/writer.ts';
export { computeCommitment, SALT_BYTES } from './commitment.ts';
export type { RandomBytes, Sha256 } from './commitment.ts';
export { discloseGroups } from './disclosure.ts';
export { closeDocument, openDocument } from './document.ts';
export type { ClosedDocument, DocumentIntegrity } from './document.ts';
export { DocumentOpener } from './document-opener.ts';
export type { Sha256Base64url } from './document-opener.ts';
export type { DraftSession, DraftSubject, RecordDraft } from './draft.ts';
export { LEDGER_MEMBER_MAX_BYTES, MAX_BATCH_ENTRIES, MAX_ENTRY_BYTES } from './entry-batch.ts';
export type { EntryBatch } from './entry-batch.ts';
export { RecordError } from './errors.ts';
export type { RecordErrorCode } from './errors.ts';
export type { FieldShape } from './field-table.ts';
export {
  ERROR_MESSAGE,
  groupOfAttribute,
  groupOfPath,
  knownFields,
  knownPath,
  OTHER_ATTRIBUTES,
  pathTree,
  placeOfAttribute,
  placeOfUnboundSession,
  SPAN_NAME,
} from './fields.ts';
export type { FieldGroup, FieldPlace, KnownField, PathNode } from './fields.ts';
export { emptyObject, isJsonObject } from './json-object.ts';
export type { JsonObject, JsonValue } from './json.ts';
export {
  CUT_MARK,
  MAX_ATTRIBUTES,
  MAX_CLEAR_LIST_LENGTH,
  MAX_CLEAR_STRING_LENGTH,
  MAX_GROUP_BYTES,
  MAX_JSON_DEPTH,
  MAX_KEY_LENGTH,
  MAX_LIST_LENGTH,
  MAX_STRING_LENGTH,
  MAX_VALUE_DEPTH,
} from './limits.ts';
export { resourceFacts } from './mapping/resource.ts';
export type { ResourceFacts, SpanContext } from './mapping/resource.ts';
export { translationOf } from './mapping/semconv.ts';
export type { NameTranslation } from './mapping/semconv.ts';
export { mapSpan } from './mapping/span.ts';
export { formatNanos, formatSeconds } from './mapping/timestamp.ts';
export { CLEAR_LIMITS, COMMITTED_LIMITS, shapeValue } from './mapping/values.ts';
export type { ValueLimits } from './mapping/values.ts';
export type {
  OtlpAttributes,
  OtlpEvent,
  OtlpLink,
  OtlpNotes,
  OtlpScope,
  OtlpSpan,
  OtlpSpanGroup,
  OtlpValue,
} from './span.ts';
export { MAX_SKIPPED_RUNS, readSkippedNumbers } from './skipped-numbers.ts';
export type { SkippedNumbers } from './skipped-numbers.ts';
export { parseOpenings } from './parse-openings.ts';
export { parseRecord } from './parse-record.ts';
