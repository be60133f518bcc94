import type { NumberedSpan } from '../otlp/encoder.ts';
import type { RecordedSpan } from '../otlp/recorded-span.ts';

/** Where ended spans go. Implementations never throw. */
export interface SpanSink {
  /**
   * Takes a span for good.
   *
   * @param span - The span, with every attribute that it will have.
   * @param number - Its number, if {@link provisional} gave it one.
   */
  emit(span: RecordedSpan, number?: number): void;
  /**
   * Keeps a span safe that may still change; it is emitted with the number later.
   *
   * @returns Undefined where there was no room for it: it is not safe, and not lost either.
   */
  provisional(span: RecordedSpan): number | undefined;
  /** Writes what waits. */
  flush(): void;
}

/** Encodes spans into one request. */
export interface SpanEncoder {
  encode(spans: readonly NumberedSpan[]): Buffer;
}
