import { KEY_WORDS, keyAlone, type SpanIdentity, type SpanKey } from './span-key.ts';

/** What takes marks back. */
interface Marked {
  deleteNumber: (streamId: string, number: number) => void;
  deleteAlone: (key: SpanKey) => void;
}

/**
 * What a request marked as taken in: as much as it takes to take that back. It is kept in lists side by side, since an object
 * for each span would be most of what a request leaves to be collected.
 */
export class Marks {
  #streamIds: string[] = [];
  #numbers: number[] = [];
  /** Keys of spans that were marked without a number, {@link KEY_WORDS} words each. */
  #alone: number[] = [];

  /** Takes down a producer's number. */
  addNumber(streamId: string, number: number): void {
    this.#streamIds.push(streamId);
    this.#numbers.push(number);
  }

  /** Takes down a span that was marked without one. */
  addAlone(key: SpanKey): void {
    for (let i = 0; i < KEY_WORDS; i++) this.#alone.push(key[i] ?? 0);
  }

  /** Leaves out spans that were taken down. */
  leaveOut(spans: readonly SpanIdentity[]): void {
    if (spans.length === 0) return;
    const wordsAlone = new Set(spans.map((span) => keyAlone(span).join()));
    const alone = this.#keys();
    const isAlone = new Set(alone.map((key) => key.join()));
    this.#alone = alone.filter((key) => !wordsAlone.has(key.join())).flatMap((key) => [...key]);
    const numbered = spans.filter((span) => !isAlone.has(keyAlone(span).join()));
    const out = new Set(numbered.map(({ producer }) => `${producer?.streamId} ${producer?.number}`));
    const [streamIds, numbers] = [this.#streamIds, this.#numbers];
    const isKept = (at: number): boolean => !out.has(`${streamIds[at]} ${numbers[at]}`);
    this.#streamIds = streamIds.filter((_, at) => isKept(at));
    this.#numbers = numbers.filter((_, at) => isKept(at));
  }

  /** Takes all of it back. */
  takeBack(from: Marked): void {
    for (const [i, number] of this.#numbers.entries()) from.deleteNumber(this.#streamIds[i] ?? '', number);
    for (const key of this.#keys()) from.deleteAlone(key);
  }

  #keys(): SpanKey[] {
    const words = this.#alone;
    return Array.from({ length: words.length / KEY_WORDS }, (_, i) =>
      Int32Array.from(words.slice(i * KEY_WORDS, (i + 1) * KEY_WORDS)),
    );
  }
}
