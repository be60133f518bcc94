import { COMMITMENT_GROUPS, type FieldShape, type JsonObject, knownFields } from '@spanledger/record';
import { isAddressField, isClearTextField } from '../../search/query/fields.ts';
import type { OptionalFieldType } from '../capabilities.ts';
import {
  addressField,
  DATE,
  FLATTENED,
  INTEGER,
  KEYWORD,
  LONG,
  nestFields,
  UNSEARCHED,
  WORDS_ANALYZER,
  WORDS_FIELD,
  WORDY,
} from './mapping.ts';

/** What the mapping of spans, the service and the ledger write beside attributes: exact values. */
const KEYWORDS = [
  'audit.access.reason',
  'audit.access.replaces',
  'audit.access.role',
  'audit.access.services',
  'audit.access.token',
  'audit.action',
  'audit.actor.id',
  'audit.actor.type',
  'audit.alert.id',
  'audit.alert.severity',
  'audit.alert.status',
  'audit.erasure.approved_by',
  'audit.erasure.id',
  'audit.erasure.requested_by',
  'audit.evidence.records',
  'audit.hold.by',
  'audit.hold.id',
  'audit.hold.kind',
  'audit.integrity.hash',
  'audit.kek.from',
  'audit.kek.to',
  'audit.key.replaces',
  'audit.key.state',
  'audit.key.vkey',
  'audit.ledger.origin',
  'audit.ledger.previous',
  'audit.outcome',
  'audit.producer.previous',
  'audit.producer.stream_id',
  'audit.policy.level',
  'audit.policy.retention',
  'audit.policy.rule',
  'audit.policy.severity',
  'audit.policy.sha256',
  'audit.policy.skipped.stream_id',
  'audit.policy.violations',
  'audit.record.id',
  'audit.retention.class',
  'audit.schema.version',
  'audit.session.id',
  'audit.signal.algorithm',
  'audit.signal.change_direction',
  'audit.signal.change_type',
  'audit.signal.credential_type',
  'audit.signal.current_level',
  'audit.signal.delivery',
  'audit.signal.initiating_entity',
  'audit.signal.key_id',
  'audit.signal.namespace',
  'audit.signal.previous_level',
  'audit.signal.status',
  'audit.signal.stream_id',
  'audit.signal.type',
  'audit.target.id',
  'audit.redacted',
  'audit.truncated',
  'ecs.version',
  'event.category',
  'event.code',
  'event.dataset',
  'event.kind',
  'event.module',
  'event.outcome',
  'event.provider',
  'event.type',
  'parent.id',
  'rule.description',
  'rule.id',
  'rule.name',
  'rule.version',
  'span.id',
  'span.kind',
  'threat.framework',
  'threat.tactic.id',
  'threat.tactic.name',
  'threat.technique.id',
  'threat.technique.name',
  'trace.id',
];

const NUMBERS = [
  'audit.access.count',
  'audit.access.records',
  'audit.alert.count',
  'audit.erasure.before',
  'audit.erasure.companions',
  'audit.erasure.documents',
  'audit.erasure.mentions',
  'audit.erasure.records',
  'audit.erasure.sessions',
  'audit.evidence.count',
  'audit.evidence.first_index',
  'audit.evidence.last_index',
  'audit.integrity.checkpoint_size',
  'audit.kek.keys',
  'audit.key.from',
  'audit.key.number',
  'audit.ledger.index',
  'audit.producer.count',
  'audit.producer.first',
  'audit.producer.last',
  'audit.policy.skipped.count',
  'audit.policy.skipped.numbers',
  'audit.reconciliation.ledger_records',
  'audit.reconciliation.missing_at_provider',
  'audit.reconciliation.missing_in_ledger',
  'audit.reconciliation.provider_events',
  'audit.retention.count',
  'audit.retention.first_index',
  'audit.retention.last_index',
  'audit.retention.minimum_index',
  'audit.signal.count',
  'event.duration',
  'event.severity',
];

const TIMES = [
  'audit.access.expires',
  'audit.alert.first',
  'audit.alert.last',
  'audit.reconciliation.from',
  'audit.reconciliation.to',
  'audit.signal.issued_at',
  'audit.signal.keys_fetched_at',
  'audit.signal.received_at',
  'event.end',
  'event.start',
];

const BOOLEANS = ['audit.signal.keys_stale'];

/** Of the open namespaces what semantic conventions name; other names stay in the document, unindexed. */
const CONVENTIONAL = [
  'enduser.id',
  'enduser.pseudo.id',
  'enduser.role',
  'enduser.scope',
  'session.id',
  'session.previous_id',
  'url.domain',
  'url.extension',
  'url.fragment',
  'url.original',
  'url.port',
  'url.registered_domain',
  'url.subdomain',
  'url.template',
  'url.top_level_domain',
  'user.domain',
  'user_agent.device.name',
  'user_agent.name',
  'user_agent.os.name',
  'user_agent.os.version',
  'user_agent.synthetic.type',
  'user_agent.version',
];

/** Long and seldom asked for as a whole: found by parts of them, where the server has a type for that. */
const SEARCHED_BY_PARTS = ['url.full', 'url.original', 'url.path'];

/** Objects of names that come from outside. */
const OPEN_OBJECTS = ['attributes', 'oidc.claims', 'span.events'];

/**
 * The mapping of the audit records: every field that a record or an opened group may have has a type that stands here,
 * so that no document decides it; what has no name of ours stands in flattened objects. Nothing is added to a
 * document, which is what verifies.
 *
 * @param types - what the server has beside the usual types
 */
export function auditMapping(types: ReadonlySet<OptionalFieldType>): JsonObject {
  const fields = new Map<string, JsonObject>();
  for (const { path, group, shape } of knownFields())
    fields.set(path, fieldOf(path, shape, group !== 'clear'));
  for (const path of KEYWORDS) fields.set(path, fieldOf(path, 'text', false));
  for (const path of NUMBERS) fields.set(path, LONG);
  for (const path of TIMES) fields.set(path, DATE);
  for (const path of BOOLEANS) fields.set(path, fieldOf(path, 'boolean', false));
  for (const path of CONVENTIONAL) fields.set(path, WORDY);
  // What an alert says in words, and what somebody noted about it.
  fields.set('message', WORDY);
  if (types.has('wildcard')) {
    for (const path of SEARCHED_BY_PARTS) fields.set(path, { ...WORDY, type: 'wildcard' });
  }
  for (const path of OPEN_OBJECTS) fields.set(path, FLATTENED);
  for (const group of COMMITMENT_GROUPS) {
    fields.set(`audit.commitments.${group}`, UNSEARCHED);
    fields.set(`audit.openings.${group}.salt`, UNSEARCHED);
  }
  fields.set('audit.key.statement', UNSEARCHED);
  // A stream's times must be times.
  fields.set('@timestamp', { type: 'date_nanos', ignore_malformed: false });
  fields.set(WORDS_FIELD, { type: 'text', analyzer: WORDS_ANALYZER, norms: false });
  return { dynamic: false, properties: nestFields(fields) };
}

function fieldOf(path: string, shape: FieldShape, isCommitted: boolean): JsonObject {
  switch (shape) {
    case 'short':
      return INTEGER;
    case 'integer':
      return LONG;
    case 'boolean':
      return { type: 'boolean' };
    case 'time':
      return DATE;
    case 'any':
      return FLATTENED;
    case 'list':
    case 'scopes':
    case 'text':
    case 'word': {
      const hasWords = isCommitted || isClearTextField(path);
      if (isAddressField(path)) return addressField(hasWords);
      return hasWords ? WORDY : KEYWORD;
    }
  }
}
