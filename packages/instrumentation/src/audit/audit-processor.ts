import { ATTR_CLIENT_ADDRESS, ATTR_OIDC_SESSION_SOURCE, ATTR_USER_AGENT_ORIGINAL } from '@spanledger/record';
import { spanInContext } from '../attach/global-api.ts';
import type { UnsampledRule } from '../attach/unsampled.ts';
import type { RecordMode } from '../config.ts';
import type { RecordedResource, SpanAttributes } from '../otlp/recorded-span.ts';
import { SessionScopes } from '../session/scope.ts';
import {
  SessionSlot,
  SLOT,
  slotInContext,
  takesBinding,
  type Binding,
  type SlottedSpan,
} from '../session/slot.ts';
import { writeTokenAttributes } from '../session/token-attributes.ts';
import { warnAboutFailure, warnOnce } from '../warning.ts';
import { isSampled, tellsOfLifecycle } from './recorded-reason.ts';
import { RootsOnly } from './roots-only.ts';
import type { SpanSink } from './span-sink.ts';

/** `SpanKind.SERVER` of the API. */
const SERVER = 1;

/** How many ended spans of one request wait for its session; the oldest go without. */
export const MAX_HELD_PER_SLOT = 256;

/** How many wait in all requests together. */
export const MAX_HELD = 16_384;

/** A span that has waited this long is written provisionally, so that the death of the process does not take it. */
export const PROVISIONAL_AFTER_MS = 20;

/**
 * The span processor of the audit path. It stands first in the provider's list, so that what it writes on a span at its
 * end is there for every other processor too. It neither samples nor stops: `shutdown` only writes what waits.
 */
export class AuditProcessor {
  /** Where jobs and upgraded sockets have sessions of their own. */
  readonly scopes: SessionScopes = new SessionScopes();
  readonly #sink: SpanSink;
  readonly #now: () => number;
  /** Slots with held spans, oldest first. */
  readonly #waiting = new Set<SessionSlot>();
  #heldTotal = 0;
  #timer: NodeJS.Timeout | undefined;
  #resource: RecordedResource | undefined;
  readonly #sessionsOnly: boolean;
  /** Keeps the SDK from making spans that are not recorded. */
  readonly unsampled: UnsampledRule | undefined;

  /**
   * @param sink - Where spans go.
   * @param now - Milliseconds of a monotonic clock.
   * @param record - What is recorded of traces that are not sampled.
   */
  constructor(sink: SpanSink, now: () => number, record: RecordMode = 'all') {
    this.#sink = sink;
    this.#now = now;
    this.#sessionsOnly = record === 'sessions';
    this.unsampled = record === 'roots' ? new RootsOnly(this.scopes) : undefined;
  }

  /** The resource of the newest span. */
  get resource(): RecordedResource | undefined {
    return this.#resource;
  }

  onStart(span: SlottedSpan, parentContext: unknown): void {
    try {
      const inherited = slotInContext(spanInContext(parentContext));
      span[SLOT] = this.#scopedSlot(span, inherited) ?? inherited ?? new SessionSlot(span);
      this.#resource = span.resource;
    } catch (error) {
      warnAboutFailure('SPAN_START', error);
    }
  }

  onEnd(span: SlottedSpan): void {
    try {
      this.#end(span);
    } catch (error) {
      warnAboutFailure('SPAN_END', error);
    }
  }

  forceFlush(): Promise<void> {
    this.#sink.flush();
    return Promise.resolve();
  }

  shutdown(): Promise<void> {
    return this.forceFlush();
  }

  /**
   * Binds the session of a request. Only the first binding counts; the session is the one the request began under. One
   * that was propagated gives way to one that the application verified: its spans wait until the request is over.
   *
   * @returns Whether it counts.
   */
  bind(slot: SessionSlot, binding: Binding): boolean {
    if (!takesBinding(slot, binding)) return false;
    const replaced = slot.binding;
    slot.binding = binding;
    if (slot.enclosing !== undefined) this.bind(slot.enclosing, binding);
    if (binding.source === 'propagated') {
      for (const { span } of slot.held ?? []) binding.session.writeShort(span.attributes);
      return true;
    }
    if (replaced !== undefined) for (const { span } of slot.held ?? []) unwrite(span, replaced);
    this.#release(slot, binding);
    if (slot.exceeded !== undefined) warnAboutBound(slot.exceeded);
    return true;
  }

  /**
   * Notes that a person was met whom a slot was not bound to. In an open request that is no matter: it is the first
   * one's. But what a request has left behind for good (a consumer of a queue, a pool) works for everybody, and would go
   * on under the name of the one who happened to come first.
   */
  contest(slot: SessionSlot, { session: { issuer, subject }, source }: Binding): void {
    const bound = slot.binding?.session;
    if (slot.root !== undefined || bound === undefined || source !== undefined) return;
    if (bound.issuer === issuer && bound.subject === subject) return;
    slot.binding = undefined;
    slot.contested = true;
    warnOnce(
      'SPANLEDGER_SEVERAL_PEOPLE',
      'Spanledger met several people in work that a request has left behind, and records the rest of it without a session. Give each job its own with withSession.',
    );
  }

  /**
   * Ends a local root whose session may become known right after it: it waits as the spans below it do, until then or
   * until {@link giveUp}.
   */
  endWaiting(slot: SessionSlot, root: SlottedSpan): void {
    if (slot.held === null || (slot.binding !== undefined && slot.binding.source === undefined))
      this.onEnd(root);
    else this.#hold(slot, root);
  }

  /** Lets go of what waits in a slot: it will not be bound any more. */
  giveUp(slot: SessionSlot): void {
    this.#release(slot, slot.binding);
  }

  /** A local root that starts in a scope has a slot of its own, bound as the scope is. */
  #scopedSlot(span: SlottedSpan, inherited: SessionSlot | undefined): SessionSlot | undefined {
    const scope = this.scopes.deciding(inherited);
    if (scope === undefined) return undefined;
    if (span.kind === SERVER) {
      if (scope.admitsServer !== true) return undefined;
      scope.admitsServer = false;
    }
    const slot = new SessionSlot(span);
    slot.binding = scope.slot.binding;
    if (slot.binding === undefined || slot.binding.source === 'propagated') slot.enclosing = scope.slot;
    else slot.held = null;
    return slot;
  }

  #end(span: SlottedSpan): void {
    const slot = span[SLOT];
    const isRoot = slot?.root === span;
    if (slot === undefined) {
      this.#sink.emit(span);
      return;
    }
    if (isRoot) {
      slot.root = undefined;
      if (span.kind === SERVER) writeCaller(span.attributes);
    }
    const { binding } = slot;
    if (binding !== undefined) {
      if (isRoot) writeWhole(span.attributes, binding);
      else binding.session.writeShort(span.attributes);
      if (binding.source === undefined) {
        this.#sink.emit(span);
        return;
      }
    }
    if (isRoot) this.#release(slot, binding);
    if (slot.held !== null) this.#hold(slot, span);
    else if (!this.#isUnwanted(span, binding)) this.#sink.emit(span);
  }

  #hold(slot: SessionSlot, span: SlottedSpan): void {
    const held = (slot.held ??= []);
    held.push({ span, endedAt: this.#now(), number: undefined });
    this.#heldTotal += 1;
    this.#waiting.add(slot);
    if (held.length > MAX_HELD_PER_SLOT) this.#releaseOldest(slot, `${MAX_HELD_PER_SLOT} in one request`);
    if (this.#heldTotal > MAX_HELD) {
      for (const oldest of this.#waiting) {
        this.#releaseOldest(oldest, `${MAX_HELD} in all requests together`);
        break;
      }
    }
    this.#scheduleProvisional(PROVISIONAL_AFTER_MS);
  }

  #scheduleProvisional(delayMs: number): void {
    if (this.#timer !== undefined) return;
    const timer = setTimeout(() => {
      this.#timer = undefined;
      this.#writeProvisionally();
    }, delayMs);
    timer.unref();
    this.#timer = timer;
  }

  #releaseOldest(slot: SessionSlot, bound: string): void {
    const oldest = slot.held?.shift();
    if (oldest === undefined) return;
    this.#heldTotal -= 1;
    slot.exceeded ??= bound;
    if (slot.held?.length === 0) this.#waiting.delete(slot);
    this.#sink.emit(oldest.span, oldest.number);
  }

  /** Lets go of what was held: with the session, or without one once the request is over. */
  #release(slot: SessionSlot, binding: Binding | undefined): void {
    const { held } = slot;
    slot.held = null;
    if (!held) return;
    this.#waiting.delete(slot);
    this.#heldTotal -= held.length;
    for (const { span, number } of held) {
      if (binding !== undefined) {
        // Only a root that ended waiting is still the slot's.
        if (slot.root === span) writeWhole(span.attributes, binding);
        else binding.session.writeShort(span.attributes);
      }
      if (slot.root === span) slot.root = undefined;
      if (number !== undefined || !this.#isUnwanted(span, binding)) this.#sink.emit(span, number);
    }
  }

  /** With `sessions`: a span of an unsampled trace that has no session, unless it tells of a token that was refused, say. */
  #isUnwanted(span: SlottedSpan, binding: Binding | undefined): boolean {
    return this.#sessionsOnly && binding === undefined && !isSampled(span) && !tellsOfLifecycle(span);
  }

  #writeProvisionally(): void {
    const due = this.#now() - PROVISIONAL_AFTER_MS + 1;
    let younger = false;
    for (const slot of this.#waiting) {
      for (const held of slot.held ?? []) {
        // What may yet be unwanted has no number: dropped later, it would be a hole in the sequence.
        if (held.number !== undefined || this.#isUnwanted(held.span, slot.binding)) continue;
        if (held.endedAt <= due) held.number = this.#sink.provisional(held.span);
        else younger = true;
      }
    }
    if (younger) this.#scheduleProvisional(PROVISIONAL_AFTER_MS / 2);
  }

  /** At the exit of the process nothing will be bound any more. */
  releaseAll(): void {
    for (const slot of this.#waiting) this.#release(slot, slot.binding);
    this.#sink.flush();
  }
}

/** Told only once a session is known: a request that never has one has lost nothing. */
function warnAboutBound(bound: string): void {
  warnOnce(
    'SPANLEDGER_HELD_FULL',
    `Spanledger recorded spans without their session: more of them ended before it was known than may wait (${bound}). Authenticate earlier in the request, or bind its session before the work begins.`,
  );
}

function writeWhole(attributes: SpanAttributes, { session, token, source }: Binding): void {
  session.writeWhole(attributes);
  if (token !== undefined) writeTokenAttributes(attributes, token);
  if (source !== undefined) attributes[ATTR_OIDC_SESSION_SOURCE] = source;
}

/** Takes back the short set of a session that has been replaced: the other may not have all of its members. */
function unwrite(span: SlottedSpan, { session }: Binding): void {
  for (const key of Object.keys(session.short)) Reflect.deleteProperty(span.attributes, key);
}

/** Who called, under the names that semantic conventions have now, from whichever the instrumentation wrote. */
function writeCaller(attributes: SpanAttributes): void {
  if (attributes[ATTR_CLIENT_ADDRESS] === undefined) {
    const address =
      attributes['http.client_ip'] ??
      attributes['network.peer.address'] ??
      attributes['net.sock.peer.addr'] ??
      attributes['net.peer.ip'];
    if (address !== undefined) attributes[ATTR_CLIENT_ADDRESS] = address;
  }
  if (attributes[ATTR_USER_AGENT_ORIGINAL] === undefined) {
    const agent = attributes['http.user_agent'];
    if (agent !== undefined) attributes[ATTR_USER_AGENT_ORIGINAL] = agent;
  }
}
