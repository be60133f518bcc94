import type { RecordDraft } from '../draft.ts';
import type { OtlpAttributes, OtlpEvent, OtlpSpan } from '../span.ts';
import { describeEvent, describeSpan } from './description.ts';
import { eventAttributes } from './identity.ts';
import { sequenceNumberOf } from './producer.ts';
import { makeDraft } from './record.ts';
import type { SpanFacts } from './record.ts';
import { resourceFacts } from './resource.ts';
import type { SpanContext } from './resource.ts';
import { stableAttributes } from './semconv.ts';
import { durationNanos } from './timestamp.ts';

/**
 * Maps a span to its audit record, and each lifecycle event on it (`oidc.*`, and `audit.action` for business
 * actions) to one of its own. docs/record-format.md says what goes where.
 *
 * @param span - The decoded span.
 * @param context - Its resource and instrumentation scope; pass the same map for spans of the same resource.
 * @returns The span's draft first, then those of its lifecycle events in their order.
 */
export function mapSpan(span: OtlpSpan, context: SpanContext): RecordDraft[] {
  const resource = resourceFacts(context.resource);
  const { streamId } = resource;
  const attributes = stableAttributes(span.attributes, span.kind);
  const id = `${span.traceId}-${span.spanId}-${streamId ?? '0'}`;
  const number = sequenceNumberOf(attributes);
  const producer = streamId === undefined || number === undefined ? undefined : { streamId, number };
  const facts: SpanFacts = { span, scope: context.scope, resource, producer };

  const lifecycle: RecordDraft[] = [];
  const others: OtlpEvent[] = [];
  for (const event of span.events) {
    const draft = mapEvent(event, `${id}-e${lifecycle.length + 1}`, facts, attributes);
    if (draft === undefined) others.push(event);
    else lifecycle.push(draft);
  }
  const own = makeDraft(facts, {
    id,
    timeUnixNano: span.startTimeUnixNano,
    duration: durationNanos(span.startTimeUnixNano, span.endTimeUnixNano),
    attributes,
    description: describeSpan(span, attributes),
    content: { name: span.name, message: span.status.message, events: others },
  });
  return [own, ...lifecycle];
}

function mapEvent(
  event: OtlpEvent,
  id: string,
  facts: SpanFacts,
  spanAttributes: OtlpAttributes,
): RecordDraft | undefined {
  const attributes = eventAttributes(stableAttributes(event.attributes, facts.span.kind), spanAttributes);
  const description = describeEvent(event, attributes);
  if (description === undefined) return undefined;
  const timeUnixNano = event.timeUnixNano === 0n ? facts.span.startTimeUnixNano : event.timeUnixNano;
  return makeDraft(facts, { id, timeUnixNano, attributes, description });
}
