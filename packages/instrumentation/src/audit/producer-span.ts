import { createHash } from 'node:crypto';
import { EVENT_PRODUCER_ENDED } from '@spanledger/record';
import type { HrTime, RecordedResource, RecordedSpan, SpanAttributes } from '../otlp/recorded-span.ts';

const SCOPE = { name: '@spanledger/instrumentation-oidc' };
const TRACE_ID_DIGITS = 32;
const SPAN_ID_DIGITS = 16;

/** What a span says that a producer makes about itself. */
export interface ProducerSpanFacts {
  /** Of the producer. */
  readonly streamId: string;
  /** The number that the span will have. */
  readonly number: number;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  /** Of the producer, as far as it is known. */
  readonly resource: RecordedResource;
}

/**
 * The terminal marker: the last span of a producer that ended of its own accord, so that its silence afterwards is told
 * from that of one that was killed or cut off. Its number is the last one that the producer gave; where work goes on all
 * the same, higher numbers follow, and another marker in the end.
 *
 * @param facts - Whose end it is, and when.
 */
export function endSpan(facts: ProducerSpanFacts): RecordedSpan {
  return producerSpan('end', EVENT_PRODUCER_ENDED, [{}], facts);
}

/**
 * A span that a producer makes about itself. Its ids follow from stream and number.
 *
 * @param kind - Part of what its ids follow from.
 * @param name - Of the span, and of its events.
 * @param events - The attributes of each event.
 * @param facts - Whose it is, and when.
 */
export function producerSpan(
  kind: string,
  name: string,
  events: readonly SpanAttributes[],
  { streamId, number, nowMs, resource }: ProducerSpanFacts,
): RecordedSpan {
  const digest = createHash('sha256').update(`${kind} ${streamId} ${number}`).digest('hex');
  const identity = {
    traceId: digest.slice(0, TRACE_ID_DIGITS),
    spanId: digest.slice(TRACE_ID_DIGITS, TRACE_ID_DIGITS + SPAN_ID_DIGITS),
    traceFlags: 0,
  };
  const time: HrTime = [Math.floor(nowMs / 1_000), (nowMs % 1_000) * 1_000_000];
  return {
    spanContext: () => identity,
    name,
    kind: 0,
    startTime: time,
    endTime: time,
    attributes: {},
    events: events.map((attributes) => ({ name, time, attributes })),
    links: [],
    status: { code: 0 },
    resource,
    instrumentationScope: SCOPE,
  };
}
