import * as names from './attributes.ts';
import type { CommitmentGroup } from './audit-record.ts';

// The one allow-list: what is not named here as clear is committed.

/**
 * What a field's value must look like to stand at its place; what does not goes to `attributes`. A `word`
 * is printable ASCII without blanks, `short` an integer of 16 bits, `scopes` a
 * list that may come as one string.
 */
export type FieldShape =
  'word' | 'text' | 'short' | 'integer' | 'boolean' | 'list' | 'scopes' | 'time' | 'any';

/** Attributes in the clear: name, shape and (where it differs from the name) the place. */
export const CLEAR_ATTRIBUTES: readonly (readonly [string, FieldShape, string?])[] = [
  [names.ATTR_AUDIT_LOST_COUNT, 'integer'],
  [names.ATTR_AUDIT_LOST_FIRST, 'integer'],
  [names.ATTR_AUDIT_LOST_LAST, 'integer'],
  [names.ATTR_AUDIT_LOST_REASON, 'word', 'event.reason'],
  ['error.type', 'word'],
  ['http.request.body.size', 'integer', 'http.request.body.bytes'],
  ['http.request.method', 'word'],
  ['http.response.body.size', 'integer', 'http.response.body.bytes'],
  ['http.response.status_code', 'short'],
  ['http.route', 'text'],
  ['network.protocol.name', 'word'],
  ['network.protocol.version', 'word'],
  [names.ATTR_OIDC_ACR, 'word'],
  [names.ATTR_OIDC_AMR, 'list'],
  [names.ATTR_OIDC_AUTH_TIME, 'time'],
  [names.ATTR_OIDC_CLIENT_ID, 'text'],
  [names.ATTR_OIDC_ERROR, 'word'],
  [names.ATTR_OIDC_FLOW, 'word'],
  [names.ATTR_OIDC_GRANT_TYPE, 'word'],
  [names.ATTR_OIDC_ISSUER, 'text'],
  [names.ATTR_OIDC_SCOPE, 'scopes'],
  // Elasticsearch cannot hold both `oidc.scope` and something below it.
  [names.ATTR_OIDC_SCOPE_REQUESTED, 'scopes', 'oidc.requested_scope'],
  [names.ATTR_OIDC_SCOPE_REQUIRED, 'scopes', 'oidc.required_scope'],
  [names.ATTR_OIDC_SESSION_END_REASON, 'word', 'event.reason'],
  [names.ATTR_OIDC_SESSION_SOURCE, 'word'],
  [names.ATTR_OIDC_SESSION_STATE, 'word'],
  [names.ATTR_OIDC_TOKEN_ACTIVE, 'boolean'],
  [names.ATTR_OIDC_TOKEN_AUDIENCE, 'list'],
  [names.ATTR_OIDC_TOKEN_EXPIRES_AT, 'time'],
  [names.ATTR_OIDC_TOKEN_ISSUED_AT, 'time'],
  // An event has one of the reasons at most.
  [names.ATTR_OIDC_TOKEN_REFRESH_REASON, 'word', 'event.reason'],
  [names.ATTR_OIDC_TOKEN_REJECTION_REASON, 'word', 'event.reason'],
  [names.ATTR_OIDC_TOKEN_SECONDS_LEFT, 'integer'],
  [names.ATTR_OIDC_TOKEN_TYPE, 'word'],
  ['server.port', 'short'],
  ['url.scheme', 'word'],
];

/** In the clear as well, and written by the mapping alone. */
export const RESERVED_ATTRIBUTES: readonly (readonly [string, FieldShape, string?])[] = [
  [names.ATTR_AUDIT_ACTION, 'text', 'event.action'],
  [names.ATTR_AUDIT_SEQUENCE_NUMBER, 'integer'],
  [names.ATTR_AUDIT_SEQUENCE_STREAM_ID, 'text'],
  [names.ATTR_AUDIT_TARGET_TYPE, 'text'],
  ['deployment.environment.name', 'text', 'service.environment'],
  ['otel.scope.name', 'text'],
  ['otel.scope.version', 'text'],
  ['service.instance.id', 'text', 'service.node.name'],
  ['service.name', 'text'],
  ['service.namespace', 'text'],
  ['service.version', 'text'],
];

/** Committed attributes with a place and shape of their own. */
export const COMMITTED_ATTRIBUTES: readonly (readonly [string, CommitmentGroup, FieldShape, string?])[] = [
  [names.ATTR_ENDUSER_ID, 'identity', 'text'],
  [names.ATTR_ENDUSER_PSEUDO_ID, 'identity', 'text'],
  ['error.message', 'content', 'text'],
  [names.ATTR_OIDC_ERROR_DESCRIPTION, 'content', 'text'],
  ['oidc.session.id', 'identity', 'text'],
  [names.ATTR_OIDC_TOKEN_ID, 'identity', 'text'],
  [names.ATTR_OIDC_TOKEN_PREVIOUS_ID, 'identity', 'text'],
  // Only of a span with an issuer; see placeOfUnboundSession.
  [names.ATTR_SESSION_ID, 'identity', 'text', 'oidc.session.id'],
  [names.ATTR_USER_EMAIL, 'identity', 'text'],
  ['user.full_name', 'identity', 'text'],
  ['user.hash', 'identity', 'text'],
  [names.ATTR_USER_ID, 'identity', 'text'],
  [names.ATTR_USER_NAME, 'identity', 'text'],
  [names.ATTR_USER_ROLES, 'identity', 'list'],
  [names.ATTR_CLIENT_ADDRESS, 'network', 'text'],
  ['client.port', 'network', 'short'],
  ['network.local.address', 'network', 'text'],
  ['network.local.port', 'network', 'short'],
  ['network.peer.address', 'network', 'text'],
  ['network.peer.port', 'network', 'short'],
  ['server.address', 'network', 'text'],
  ['source.address', 'network', 'text'],
  ['source.port', 'network', 'short'],
  [names.ATTR_USER_AGENT_ORIGINAL, 'network', 'text'],
  ['url.full', 'content', 'text'],
  ['url.path', 'content', 'text'],
  ['url.query', 'content', 'text'],
];

/** Committed namespaces: whatever begins so stands nested at its own name. */
export const COMMITTED_NAMESPACES: readonly (readonly [string, CommitmentGroup])[] = [
  ['client', 'network'],
  ['enduser', 'identity'],
  ['network.local', 'network'],
  ['network.peer', 'network'],
  ['session', 'identity'],
  ['source', 'network'],
  ['url', 'content'],
  ['user', 'identity'],
  ['user_agent', 'network'],
];

/** Members that the mapping, the batch builder and the ledger write, all of them and all below them clear. */
export const CLEAR_MEMBERS: readonly string[] = [
  '@timestamp',
  'audit',
  'ecs',
  'event',
  'otel.scope',
  'parent',
  'rule',
  'service',
  'span.id',
  'span.kind',
  'threat',
  'trace',
];
