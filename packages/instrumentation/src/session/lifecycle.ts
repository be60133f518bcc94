import { randomBytes } from 'node:crypto';
import { activeSpan, memberOf } from '../attach/global-api.ts';
import type { AuditProcessor } from '../audit/audit-processor.ts';
import type { SpanSink } from '../audit/span-sink.ts';
import type {
  HrTime,
  RecordedEvent,
  RecordedResource,
  RecordedSpan,
  SpanAttributes,
} from '../otlp/recorded-span.ts';
import { boundScope } from './scope.ts';
import { SessionSlot, slotInContext, SLOT, type Binding, type SlottedSpan } from './slot.ts';
import type { Session } from './session.ts';

/** Where in a trace a library was called: taken at the call, used when its answer is there. */
export interface CallSite {
  readonly span: SlottedSpan | undefined;
  readonly slot: SessionSlot | undefined;
}

/** The instrumentation scope of the spans that this package makes itself. */
const SCOPE = { name: '@spanledger/instrumentation-oidc' };

/** A span that carries this many events gets no more: a request may verify tokens without end. */
export const MAX_EVENTS_PER_SPAN = 512;

/** Where events go when there is neither a span nor a provider to ask. */
const NO_RESOURCE: RecordedResource = { attributes: {} };

/** Puts sessions and lifecycle events onto the spans of the request in which a library was called. */
export class Lifecycle {
  readonly #processor: AuditProcessor;
  readonly #sink: SpanSink;
  readonly #now: () => number;

  /**
   * @param processor - Knows the slots.
   * @param sink - Takes events that no span can carry.
   * @param now - Milliseconds since the epoch.
   */
  constructor(processor: AuditProcessor, sink: SpanSink, now: () => number) {
    this.#processor = processor;
    this.#sink = sink;
    this.#now = now;
  }

  /** The place of the call that is being made. */
  callSite(): CallSite {
    const span = activeSpan();
    const slot = slotInContext(span);
    const scope = this.#processor.scopes.deciding(slot);
    return { span: isRecorded(span) ? span : undefined, slot: scope?.slot ?? slot };
  }

  /** Runs work under a session of its own, whichever request it is called from. */
  runInScope<T>(binding: Binding, work: () => T): T {
    return this.#processor.scopes.run(boundScope(binding, slotInContext(activeSpan())), work);
  }

  /** Binds the request to a session; the first one stays. */
  bind(site: CallSite, binding: Binding): void {
    if (site.slot !== undefined) this.#processor.bind(site.slot, binding);
  }

  /** The session that the request is bound to. */
  sessionAt(site: CallSite): Session | undefined {
    return site.slot?.binding?.session;
  }

  /**
   * Records a lifecycle event: on the local root, which outlives the handlers below it; on the active span if the root
   * has ended; on a span of its own if that has ended too, or nothing is traced here.
   */
  record(site: CallSite, name: string, attributes: SpanAttributes): void {
    const event: RecordedEvent = { name, time: toHrTime(this.#now()), attributes, droppedAttributesCount: 0 };
    const carrier = site.slot?.root ?? (slotInContext(site.span) === site.slot ? site.span : undefined);
    if (carrier !== undefined && canCarry(carrier)) {
      // Not addEvent: at its limit the SDK drops the oldest event, and this one must stay.
      carrier.events.push(event);
      return;
    }
    this.#sink.emit(this.#spanOf(site, event));
  }

  #spanOf(site: CallSite, event: RecordedEvent): RecordedSpan {
    const parent = (site.span ?? site.slot?.root)?.spanContext();
    const identity = {
      traceId: parent?.traceId ?? randomBytes(16).toString('hex'),
      spanId: randomBytes(8).toString('hex'),
      traceFlags: parent?.traceFlags ?? 0,
    };
    return {
      spanContext: () => identity,
      parentSpanContext: parent,
      name: event.name,
      kind: 0,
      startTime: event.time,
      endTime: event.time,
      attributes: { ...site.slot?.binding?.session.short },
      events: [event],
      links: [],
      status: { code: 0 },
      resource: site.span?.resource ?? this.#processor.resource ?? NO_RESOURCE,
      instrumentationScope: SCOPE,
    };
  }
}

function canCarry(span: SlottedSpan): boolean {
  return span.ended !== true && Array.isArray(span.events) && span.events.length < MAX_EVENTS_PER_SPAN;
}

/** Whether it is a span that our processor has seen: then it has the shape of one. */
function isRecorded(span: unknown): span is SlottedSpan {
  return memberOf(span, SLOT) instanceof SessionSlot;
}

function toHrTime(milliseconds: number): HrTime {
  const seconds = Math.floor(milliseconds / 1_000);
  return [seconds, Math.round((milliseconds - seconds * 1_000) * 1e6)];
}
