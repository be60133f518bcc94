import { memberOf } from '../attach/global-api.ts';
import type { RecordedEvent, SpanAttributes } from '../otlp/recorded-span.ts';
import { BoundedMap } from './bounded-map.ts';
import type { SessionSlot } from './slot.ts';

/** How an event is known again when hooks of nested libraries report it twice. */
export interface EventIdentity {
  /** Says what happened and to which token or session; undefined where nothing tells. */
  readonly key?: string | undefined;
  /** What was thrown; a library around the one that threw may wrap it as `cause`. */
  readonly error?: unknown;
}

/** An event that still may be completed. */
export interface LifecycleEvent extends RecordedEvent {
  readonly attributes: SpanAttributes;
}

/** An event that can be known again, and what it is about. */
interface KnownEvent {
  readonly event: LifecycleEvent;
  readonly key: string | undefined;
  /** Milliseconds since the epoch. */
  readonly recordedAt: number;
}

/**
 * For how long: a library around another one may wait for the application before it reports. What happens again after
 * that, in a job or a socket that lives for hours, has happened twice.
 */
export const KNOWN_FOR_MS = 30_000;

/** How many wrappings of an error are looked through. */
const MAX_CAUSES = 5;

/** How many events of one request can still be known again. */
export const MAX_KNOWN_EVENTS = 256;

/** Stands for the request where there is none. */
const NOWHERE = {};

/**
 * The events of each request that another hook may report again. A login that fails over its ID token is two events all
 * the same, the token's and the login's: only one name is one event.
 */
export class KnownEvents {
  readonly #now: () => number;
  /** By request too: a library may give one error (a failed fetch of keys, a cached refusal) to many. */
  readonly #byError = new WeakMap<object, WeakMap<object, Map<string, KnownEvent>>>();
  readonly #bySlot = new WeakMap<SessionSlot, BoundedMap<string, KnownEvent>>();
  /** Those of no request, until the end of the turn. */
  #elsewhere = new BoundedMap<string, KnownEvent>(MAX_KNOWN_EVENTS);

  /** @param now - Milliseconds since the epoch. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** The event that is meant by an identity; undefined where it is a new one. */
  find(
    slot: SessionSlot | undefined,
    name: string,
    { key, error }: EventIdentity,
  ): LifecycleEvent | undefined {
    for (const each of causesOf(error)) {
      const known = this.#byError
        .get(each)
        ?.get(slot ?? NOWHERE)
        ?.get(name);
      // One error may be about two tokens.
      const isAnother = known?.key !== undefined && key !== undefined && known.key !== key;
      if (known !== undefined && !isAnother && this.#isRecent(known)) return known.event;
    }
    const known = key === undefined ? undefined : this.#eventsOf(slot).get(key);
    return known !== undefined && this.#isRecent(known) ? known.event : undefined;
  }

  /** Remembers an event under an identity. Being found again does not make it any younger. */
  remember(slot: SessionSlot | undefined, event: LifecycleEvent, { key, error }: EventIdentity): void {
    const recordedAt = event.time[0] * 1_000 + event.time[1] / 1e6;
    const known = { event, key, recordedAt };
    for (const each of causesOf(error)) {
      const bySlot = this.#byError.get(each) ?? new WeakMap<object, Map<string, KnownEvent>>();
      const byName = bySlot.get(slot ?? NOWHERE) ?? new Map<string, KnownEvent>();
      this.#byError.set(each, bySlot.set(slot ?? NOWHERE, byName.set(event.name, known)));
    }
    if (key !== undefined) this.#eventsOf(slot).set(key, known);
  }

  /** The turn is over: what belongs to no request will not be reported again. */
  endTurn(): void {
    if (this.#elsewhere.size > 0) this.#elsewhere = new BoundedMap(MAX_KNOWN_EVENTS);
  }

  #eventsOf(slot: SessionSlot | undefined): BoundedMap<string, KnownEvent> {
    if (slot === undefined) return this.#elsewhere;
    let events = this.#bySlot.get(slot);
    if (events === undefined) {
      events = new BoundedMap(MAX_KNOWN_EVENTS);
      this.#bySlot.set(slot, events);
    }
    return events;
  }

  #isRecent({ recordedAt }: KnownEvent): boolean {
    return Math.abs(this.#now() - recordedAt) <= KNOWN_FOR_MS;
  }
}

/** An error and what it was made from. */
function causesOf(error: unknown): object[] {
  const causes: object[] = [];
  let each = error;
  while (typeof each === 'object' && each !== null && causes.length < MAX_CAUSES) {
    causes.push(each);
    each = memberOf(each, 'cause');
  }
  return causes;
}
