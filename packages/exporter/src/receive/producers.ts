import type { RecordDraft } from '@spanledger/record';
import { IntervalSet } from './interval-set.ts';

/** Producers that are remembered: one per process start of an application. The least recently seen is forgotten. */
export const MAX_STREAMS = 65_536;

/** Holes of one producer's numbering that are remembered. Beyond, the oldest numbers are forgotten. */
export const MAX_RANGES_PER_STREAM = 4096;

/** Ids of records without a producer's number that are remembered. */
export const MAX_RECENT_IDS = 131_072;

/** What names a span for the recognition of repeats: its producer and number, or its record id. */
export type SpanIdentity = Pick<RecordDraft, 'id' | 'producer'>;

/** What {@link Producers} remembers, in a form that JSON takes. */
export interface ProducersSnapshot {
  /** Each stream's id and numbers, `[first, last, first, last, …]`; the least recently seen first. */
  streams: readonly (readonly [streamId: string, bounds: readonly number[]])[];
  /** Whether any record without a number was seen lately; their ids are read from the log again. */
  unsequenced: boolean;
}

/**
 * Remembers which spans were already taken in, so that a repeat is recognised. Where a bound is reached the oldest is
 * forgotten: a very late repeat may then be recorded twice, but nothing is ever taken for a repeat that is none.
 */
export class Producers {
  /** In the order of last use. */
  readonly #streams: Map<string, IntervalSet> = new Map();
  readonly #recentIds: Set<string> = new Set();

  /** How many producers are remembered. */
  get streams(): number {
    return this.#streams.size;
  }

  has(span: SpanIdentity): boolean {
    if (span.producer === undefined) return this.#recentIds.has(span.id);
    return this.#streams.get(span.producer.streamId)?.has(span.producer.number) ?? false;
  }

  /** Marks a span as taken in; false if it was already. */
  add(span: SpanIdentity): boolean {
    if (span.producer === undefined) return this.#addId(span.id);
    const { streamId, number } = span.producer;
    const numbers = this.#streams.get(streamId) ?? new IntervalSet();
    // A Map keeps insertion order: taken out and put in again, the stream is the most recent one.
    this.#streams.delete(streamId);
    this.#streams.set(streamId, numbers);
    if (this.#streams.size > MAX_STREAMS) this.#forgetOldest(this.#streams.keys());
    const added = numbers.add(number);
    if (numbers.ranges > MAX_RANGES_PER_STREAM) numbers.forgetLowest();
    return added;
  }

  /** Takes a mark back: the span was not recorded after all. */
  delete(span: SpanIdentity): void {
    if (span.producer === undefined) this.#recentIds.delete(span.id);
    else this.#streams.get(span.producer.streamId)?.delete(span.producer.number);
  }

  snapshot(): ProducersSnapshot {
    const streams = [...this.#streams].map(([id, numbers]) => [id, [...numbers.bounds]] as const);
    return { streams, unsequenced: this.#recentIds.size > 0 };
  }

  /** Takes in what an earlier snapshot remembered. */
  restore(snapshot: ProducersSnapshot): void {
    for (const [streamId, bounds] of snapshot.streams) {
      this.#streams.set(streamId, new IntervalSet(bounds));
    }
  }

  #addId(id: string): boolean {
    if (this.#recentIds.has(id)) return false;
    this.#recentIds.add(id);
    if (this.#recentIds.size > MAX_RECENT_IDS) {
      for (const oldest of this.#recentIds) {
        this.#recentIds.delete(oldest);
        break;
      }
    }
    return true;
  }

  #forgetOldest(keys: Iterable<string>): void {
    for (const key of keys) {
      this.#streams.delete(key);
      return;
    }
  }
}
