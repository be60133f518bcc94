import { AUDIT_SCHEMA_VERSION, ECS_VERSION } from '../audit-record.ts';
import type { RecordDraft } from '../draft.ts';
import { ERROR_MESSAGE, SPAN_EVENTS, SPAN_NAME, placeOfAttribute } from '../fields.ts';
import type { JsonObject } from '../json.ts';
import type { OtlpAttributes, OtlpEvent, OtlpSpan } from '../span.ts';
import type { Description } from './description.ts';
import { spanEvents } from './events.ts';
import { sessionOf, subjectOf } from './identity.ts';
import { kindName } from './kind.ts';
import { placeAttribute, placeAttributes, placeValue } from './placement.ts';
import type { RecordParts } from './placement.ts';
import type { ResourceFacts, SpanContext } from './resource.ts';
import { formatNanos } from './timestamp.ts';

/** What the records of one span share. */
export interface SpanFacts {
  span: OtlpSpan;
  scope: SpanContext['scope'];
  resource: ResourceFacts;
  producer: RecordDraft['producer'];
}

/** What is particular to one record. */
export interface Happening {
  id: string;
  timeUnixNano: bigint;
  /** `event.duration`; undefined for what has none. */
  duration?: number | string | undefined;
  attributes: OtlpAttributes;
  description: Description;
  /** The span's own free text; a lifecycle event has none. */
  content?: { name: string; message: string; events: readonly OtlpEvent[] };
}

/** Makes the draft of a span, or of a lifecycle event on it. */
export function makeDraft(facts: SpanFacts, happening: Happening): RecordDraft {
  const { attributes, content } = happening;
  const { resource, scope } = facts;
  const session = sessionOf(attributes);
  const audit = auditSkeleton(facts, happening);
  const parts: RecordParts = {
    clear: clearSkeleton(facts, happening, audit),
    groups: {},
    truncated: new Set(),
    inOidcSession: session !== undefined && session.issuer !== '',
  };
  for (const [key, value] of resource.service) placeValue(parts, placeOfAttribute(key), value);
  if (scope.name !== '') placeValue(parts, placeOfAttribute('otel.scope.name'), scope.name);
  if (scope.version !== '') placeValue(parts, placeOfAttribute('otel.scope.version'), scope.version);
  if (content !== undefined) {
    if (content.name !== '') placeValue(parts, SPAN_NAME, content.name);
    if (content.message !== '') placeValue(parts, ERROR_MESSAGE, content.message);
    if (content.events.length > 0) placeValue(parts, SPAN_EVENTS, spanEvents(content.events));
  }
  placeAttributes(parts, attributes);
  for (const [key, value] of resource.committed) {
    placeAttribute(parts, placeOfAttribute(key), key, value);
  }
  if (parts.truncated.size > 0) audit['truncated'] = [...parts.truncated].sort();
  return {
    id: happening.id,
    subject: subjectOf(attributes, resource.serviceName),
    ...(session !== undefined && { session }),
    ...(facts.producer !== undefined && { producer: facts.producer }),
    clear: parts.clear,
    groups: parts.groups,
  };
}

function auditSkeleton({ producer }: SpanFacts, { id, description }: Happening): JsonObject {
  const audit: JsonObject = {
    action: description.verb,
    outcome: description.outcome,
    record: { id },
    schema: { version: AUDIT_SCHEMA_VERSION },
  };
  if (producer !== undefined) audit['sequence'] = { number: producer.number, stream_id: producer.streamId };
  if (description.target !== undefined) audit['target'] = { ...description.target };
  return audit;
}

// Members are made in canonical order, which the writer finds without sorting.
function clearSkeleton({ span }: SpanFacts, happening: Happening, audit: JsonObject): JsonObject {
  const { description, duration } = happening;
  const event: JsonObject = {
    action: description.action,
    category: [...description.category],
    dataset: 'spanledger.audit',
  };
  if (duration !== undefined) event['duration'] = duration;
  event['kind'] = 'event';
  event['module'] = 'spanledger';
  event['outcome'] = description.outcome;
  event['type'] = [...description.type];
  const clear: JsonObject = {
    '@timestamp': formatNanos(happening.timeUnixNano),
    audit,
    ecs: { version: ECS_VERSION },
    event,
  };
  if (span.parentSpanId !== '') clear['parent'] = { id: span.parentSpanId };
  clear['span'] = { id: span.spanId, kind: kindName(span.kind) };
  clear['trace'] = { id: span.traceId };
  return clear;
}
