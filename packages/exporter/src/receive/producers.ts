import { IntervalSet } from '../interval-set.ts';
import type { Marks } from './marks.ts';
import { type Numbering, RecentNumbers } from './recent-numbers.ts';
import { RecentSpans } from './recent-spans.ts';
import { keyAlone, keyInStream, type SpanIdentity, type SpanKey } from './span-key.ts';

/** Producers that are remembered: one per process start of an application. The least recently seen is forgotten. */
export const MAX_STREAMS = 65_536;

/** Holes of one producer's numbering that are remembered. Beyond, the oldest numbers are forgotten. */
export const MAX_RANGES_PER_STREAM = 4096;

/** Ids of records without a producer's number that are remembered. */
export const MAX_RECENT_IDS = 131_072;

/** Numbers of which the record is remembered too, so that another span under the same number is told apart. */
export const MAX_RECENT_NUMBERS = 65_536;

/** What {@link Producers} remembers, in a form that JSON takes. */
export interface ProducersSnapshot {
  /** Each stream's id and numbers, `[first, last, first, last, …]`; the least recently seen first. */
  streams: readonly (readonly [streamId: string, bounds: readonly number[]])[];
  /** Whether any record without a number was seen lately; their ids are read from the log again. */
  unsequenced: boolean;
}

/** What is remembered of one producer. */
interface Stream extends Numbering {
  numbers: IntervalSet;
}

/**
 * Remembers which spans were already taken in, so that a repeat is recognised. Where a bound is reached the oldest is
 * forgotten: a very late repeat may then be recorded twice. A producer gives each number once; where two spans come
 * with one number all the same (somebody poses as the producer, or a machine was cloned), the second is no repeat.
 */
export class Producers {
  /** In the order of last use. */
  readonly #streams: Map<string, Stream> = new Map();
  /** The stream that was used last. */
  #latest: { id: string; stream: Stream } | undefined;
  /** Those without a producer's number, and those whose number another span has. */
  readonly #recentSpans: RecentSpans = new RecentSpans(MAX_RECENT_IDS);
  readonly #recentNumbers: RecentNumbers = new RecentNumbers(MAX_RECENT_NUMBERS);
  #conflicts = 0;
  #serial = 0;

  /** How many producers are remembered. */
  get streams(): number {
    return this.#streams.size;
  }

  /** How many spans came with a number that another span had. */
  get conflicts(): number {
    return this.#conflicts;
  }

  has(span: SpanIdentity): boolean {
    if (span.producer === undefined || this.#isConflict(span)) return this.#recentSpans.has(keyAlone(span));
    return this.#streams.get(span.producer.streamId)?.numbers.has(span.producer.number) ?? false;
  }

  /**
   * Marks a span as taken in; false if it was already.
   *
   * @param marks - takes down what is marked
   */
  add(span: SpanIdentity, marks?: Marks): boolean {
    const { producer } = span;
    if (producer === undefined) return this.#addAlone(span, marks);
    const { streamId, number } = producer;
    const stream = this.#use(streamId);
    const key = keyInStream(span, streamId);
    if (this.#recentNumbers.isOther(stream, number, key)) {
      const added = this.#addAlone(span, marks);
      if (added) this.#conflicts++;
      return added;
    }
    const { numbers } = stream;
    if (!numbers.add(number)) return false;
    this.#recentNumbers.add(stream, number, key);
    if (numbers.ranges > MAX_RANGES_PER_STREAM) numbers.forgetLowest();
    marks?.addNumber(streamId, number);
    return true;
  }

  /**
   * Marks numbers of a producer as taken in, without their records.
   *
   * @param bounds - `[first, last, first, last, …]`, both inclusive
   */
  addNumbers(streamId: string, bounds: readonly number[]): void {
    const { numbers } = this.#use(streamId);
    for (let at = 0; at < bounds.length; at += 2) {
      for (let number = bounds[at] ?? 1; number <= (bounds[at + 1] ?? 0); number++) numbers.add(number);
      if (numbers.ranges > MAX_RANGES_PER_STREAM) numbers.forgetLowest();
    }
  }

  /** Takes a mark back: the span was not recorded after all. */
  delete(span: SpanIdentity): void {
    const { producer } = span;
    if (producer === undefined || this.#isConflict(span)) this.deleteAlone(keyAlone(span));
    else this.deleteNumber(producer.streamId, producer.number);
  }

  /** Takes the mark of a producer's number back. */
  deleteNumber(streamId: string, number: number): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return;
    stream.numbers.delete(number);
    this.#recentNumbers.delete(stream, number);
  }

  /** Takes the mark of a span back that was marked without a number. */
  deleteAlone(key: SpanKey): void {
    this.#recentSpans.delete(key);
  }

  snapshot(): ProducersSnapshot {
    const streams = [...this.#streams].map(([id, { numbers }]) => [id, [...numbers.bounds]] as const);
    return { streams, unsequenced: this.#recentSpans.size > 0 };
  }

  /** Takes in what an earlier snapshot remembered. */
  restore(snapshot: ProducersSnapshot): void {
    for (const [streamId, bounds] of snapshot.streams) {
      this.#streams.set(streamId, { numbers: new IntervalSet(bounds), serial: ++this.#serial });
    }
    this.#latest = undefined;
  }

  /** A producer, from now on the one that was used last. */
  #use(streamId: string): Stream {
    if (this.#latest?.id === streamId) return this.#latest.stream;
    const stream = this.#streams.get(streamId) ?? { numbers: new IntervalSet(), serial: ++this.#serial };
    // A Map keeps insertion order: taken out and put in again, the stream is the most recent one.
    this.#streams.delete(streamId);
    this.#streams.set(streamId, stream);
    if (this.#streams.size > MAX_STREAMS) deleteFirst(this.#streams);
    this.#latest = { id: streamId, stream };
    return stream;
  }

  /** Whether the span's number is known to be another span's. */
  #isConflict(span: SpanIdentity): boolean {
    const { producer } = span;
    if (producer === undefined) return false;
    const stream = this.#streams.get(producer.streamId);
    if (stream === undefined) return false;
    return this.#recentNumbers.isOther(stream, producer.number, keyInStream(span, producer.streamId));
  }

  #addAlone(span: SpanIdentity, marks: Marks | undefined): boolean {
    const key = keyAlone(span);
    const isNew = this.#recentSpans.add(key);
    if (isNew) marks?.addAlone(key);
    return isNew;
  }
}

/** Maps keep the order of insertion: the first key is the oldest. */
function deleteFirst(collection: Map<string, unknown>): void {
  for (const oldest of collection.keys()) {
    collection.delete(oldest);
    return;
  }
}
