import { idOf, KEY_WORDS, NO_STREAM, type SpanIdentity, type SpanKey } from '../span-key.ts';

/** A span that a template can write: good until the next span is looked at, for there is one of it. */
export class KnownSpan implements SpanIdentity {
  readonly #key: SpanKey;
  readonly #producer = { streamId: '', number: 0 };

  /** @param key - where the key of the span that was looked at last stands */
  constructor(key: SpanKey = new Int32Array(KEY_WORDS)) {
    this.#key = key;
  }

  /** `audit.record.id`. */
  get id(): string {
    return idOf(this.#key, this.#producer.streamId || NO_STREAM);
  }

  get key(): SpanKey | undefined {
    // In a stream, a span without a number is told from those of other streams by its whole id.
    return this.producer === undefined && this.#producer.streamId !== '' ? undefined : this.#key;
  }

  get producer(): SpanIdentity['producer'] {
    const producer = this.#producer;
    return producer.number === 0 || producer.streamId === '' ? undefined : producer;
  }

  /**
   * @param streamId - the producer's; empty where there is none
   * @param number - the producer's; 0 where there is none
   */
  set(streamId: string, number: number): this {
    this.#producer.streamId = streamId;
    this.#producer.number = number;
    return this;
  }

  /** What stays the same when the next span is looked at. */
  keep(): SpanIdentity {
    const { id, producer } = this;
    return producer === undefined ? { id } : { id, producer: { ...producer } };
  }
}
