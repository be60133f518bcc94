import { randomBytes } from 'node:crypto';
import { activeSpan, memberOf } from '../attach/global-api.ts';
import type { AuditProcessor } from '../audit/audit-processor.ts';
import type { SpanSink } from '../audit/span-sink.ts';
import type {
  HrTime,
  RecordedEvent,
  RecordedResource,
  RecordedScope,
  RecordedSpan,
  SpanAttributes,
} from '../otlp/recorded-span.ts';
import { PACKAGE_NAME, PACKAGE_VERSION } from '../package-identity.ts';
import { KnownEvents, type EventIdentity, type LifecycleEvent } from './known-events.ts';
import { boundScope } from './scope.ts';
import { SessionSlot, slotInContext, SLOT, type Binding, type SlottedSpan } from './slot.ts';
import type { Session } from './session.ts';

/** Where in a trace a library was called: taken at the call, used when its answer is there. */
export interface CallSite {
  readonly span: SlottedSpan | undefined;
  readonly slot: SessionSlot | undefined;
  /** The call is one of several tries: what goes wrong in it counts only if the library around it says so. */
  readonly tentative?: boolean;
}

/** The instrumentation scope of the spans that this package makes itself. */
export const OWN_INSTRUMENTATION: RecordedScope = { name: PACKAGE_NAME, version: PACKAGE_VERSION };

/** A span that carries this many events gets no more: a request may verify tokens without end. */
export const MAX_EVENTS_PER_SPAN = 512;

/** Where events go when there is neither a span nor a provider to ask. */
const NO_RESOURCE: RecordedResource = { attributes: {} };

/** Puts sessions and lifecycle events onto the spans of the request in which a library was called. */
export class Lifecycle {
  readonly #processor: AuditProcessor;
  readonly #sink: SpanSink;
  readonly #now: () => number;
  readonly #onWork: () => void;
  readonly #known: KnownEvents;
  /** Events on spans of their own wait for the end of the turn, so that a library around can add what it knows. */
  readonly #own = new Map<LifecycleEvent, RecordedSpan>();
  readonly #logins = new WeakMap<SessionSlot, Session>();
  /** Events of tries, which nobody has been told of. */
  readonly #tentative = new WeakSet<LifecycleEvent>();
  #trying = false;
  #flush: NodeJS.Immediate | undefined;

  /**
   * @param processor - Knows the slots.
   * @param sink - Takes events that no span can carry.
   * @param now - Milliseconds since the epoch.
   * @param onWork - Called whenever a hook is at work.
   */
  constructor(
    processor: AuditProcessor,
    sink: SpanSink,
    now: () => number,
    onWork: () => void = () => undefined,
  ) {
    this.#processor = processor;
    this.#sink = sink;
    this.#now = now;
    this.#known = new KnownEvents(now);
    this.#onWork = onWork;
  }

  /** The place of the call that is being made. */
  callSite(): CallSite {
    this.#onWork();
    const span = activeSpan();
    const slot = slotInContext(span);
    const scope = this.#processor.scopes.deciding(slot);
    return {
      span: isRecorded(span) ? span : undefined,
      slot: scope?.slot ?? slot,
      ...(this.#trying ? { tentative: true } : {}),
    };
  }

  /**
   * Runs a call that is one of several tries (a verification with one of many keys): an event with an error that calls
   * below it report is kept until the same error is reported from outside, and forgotten if it never is.
   */
  tryOut<T>(work: () => T): T {
    const before = this.#trying;
    this.#trying = true;
    try {
      return work();
    } finally {
      this.#trying = before;
    }
  }

  /** Runs work under a session of its own, whichever request it is called from. */
  runInScope<T>(binding: Binding, work: () => T): T {
    return this.#processor.scopes.run(boundScope(binding, slotInContext(activeSpan())), work);
  }

  /** Binds the request to a session; the first one stays. */
  bind(site: CallSite, binding: Binding): void {
    const { slot, span } = site;
    if (slot === undefined || this.#processor.bind(slot, binding)) return;
    // Not in a scope: there the session is the application's word, or its socket's.
    if (slotInContext(span) === slot) this.#processor.contest(slot, binding);
  }

  /** Notes that the person of the request logged in with it. */
  loggedIn({ slot }: CallSite, session: Session): void {
    if (slot !== undefined) this.#logins.set(slot, session);
  }

  /** The session of the login that the request was; undefined where it only shows what an earlier one gave. */
  loginAt({ slot }: CallSite): Session | undefined {
    return slot && this.#logins.get(slot);
  }

  /** The session that the request is bound to. */
  sessionAt(site: CallSite): Session | undefined {
    return site.slot?.binding?.session;
  }

  /**
   * Records a lifecycle event: on the local root, which outlives the handlers below it; on the active span if the root
   * has ended; on a span of its own if that has ended too, or nothing is traced here.
   *
   * What is recorded already under the same identity becomes one event with it: of nested libraries each knows something.
   *
   * @param site - Where the library was called.
   * @param name - `oidc.…`.
   * @param attributes - What is known.
   * @param identity - How the event is known again.
   */
  record(site: CallSite, name: string, attributes: SpanAttributes, identity: EventIdentity = {}): void {
    const known = this.#known.find(site.slot, name, identity);
    if (known !== undefined) {
      complete(known.attributes, attributes);
      this.#known.remember(site.slot, known, identity);
      if (site.tentative !== true && this.#tentative.delete(known)) this.#place(site, known);
      return;
    }
    const event = { name, time: toHrTime(this.#now()), attributes, droppedAttributesCount: 0 };
    if (site.tentative === true && identity.error !== undefined) {
      this.#known.remember(site.slot, event, { error: identity.error });
      this.#tentative.add(event);
      return;
    }
    this.#known.remember(site.slot, event, identity);
    this.#place(site, event);
  }

  #place(site: CallSite, event: LifecycleEvent): void {
    const carrier = site.slot?.root ?? (slotInContext(site.span) === site.slot ? site.span : undefined);
    if (carrier !== undefined && canCarry(carrier)) {
      // Not addEvent: at its limit the SDK drops the oldest event, and this one must stay.
      carrier.events.push(event);
      return;
    }
    this.#own.set(event, this.#spanOf(site, event));
    this.#flush ??= setImmediate(() => {
      this.flush();
    }).unref();
  }

  /** Emits the events that wait on spans of their own. */
  flush(): void {
    clearImmediate(this.#flush);
    this.#flush = undefined;
    const spans = [...this.#own.values()];
    this.#own.clear();
    this.#known.endTurn();
    for (const span of spans) this.#sink.emit(span);
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
      instrumentationScope: OWN_INSTRUMENTATION,
    };
  }
}

/** Adds what an event does not say yet, and a reason where it had none. */
function complete(attributes: SpanAttributes, more: SpanAttributes): void {
  for (const [name, value] of Object.entries(more)) {
    if (attributes[name] === undefined || attributes[name] === 'other') attributes[name] = value;
  }
}

function canCarry(span: SlottedSpan): boolean {
  return span.ended !== true && Array.isArray(span.events) && span.events.length < MAX_EVENTS_PER_SPAN;
}

/** Whether it is a span that our processor has seen: then it has the shape of one. */
function isRecorded(span: unknown): span is SlottedSpan {
  return memberOf(span, SLOT) instanceof SessionSlot;
}

/** A time in milliseconds as spans have it. */
export function toHrTime(milliseconds: number): HrTime {
  const seconds = Math.floor(milliseconds / 1_000);
  return [seconds, Math.round((milliseconds - seconds * 1_000) * 1e6)];
}
