import type { NumberedSpan } from '../otlp/encoder.ts';
import type { RecordedSpan } from '../otlp/recorded-span.ts';
import type { FrameKind } from '../spool/frame.ts';
import { guarded } from '../warning.ts';
import type { SpanEncoder, SpanSink } from './span-sink.ts';

/** Spans wait at most this long before they are written. */
export const WRITE_INTERVAL_MS = 10;

/** So many are written at once even if they have not waited. */
export const MAX_WAITING_SPANS = 512;

/** Larger frames are divided: a receiver takes requests of a few MiB. */
export const MAX_PAYLOAD_BYTES: number = 2 * 1024 * 1024;

/** A numbered span, and whether its frame names the number: a provisional frame does, and the one that settles it. */
interface OutgoingSpan extends NumberedSpan {
  readonly settles: boolean;
}

/** Takes frames. */
export interface FrameWriter {
  append(kind: FrameKind, numbers: readonly number[], payload: Uint8Array, spans: number): boolean;
}

/** What a spool sink works with. */
export interface SpoolSinkParts {
  readonly encoder: SpanEncoder;
  readonly writer: FrameWriter;
  /** Called after something was written. */
  readonly onWritten: () => void;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

/**
 * Numbers spans in the order in which they are written to the spool. The first span after a quiet time is
 * written before the event loop turns; under load all that end within ten milliseconds share one write.
 */
export class SpoolSink implements SpanSink {
  readonly #parts: SpoolSinkParts;
  #waiting: { span: RecordedSpan; number: number | undefined }[] = [];
  #lastNumber = 0;
  #lastWrite = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;

  constructor(parts: SpoolSinkParts) {
    this.#parts = parts;
  }

  emit(span: RecordedSpan, number?: number): void {
    this.#waiting.push({ span, number });
    if (this.#waiting.length >= MAX_WAITING_SPANS) this.flush();
    else this.#schedule();
  }

  provisional(span: RecordedSpan): number {
    const number = ++this.#lastNumber;
    this.#write('provisional', [{ span, number, settles: true }]);
    return number;
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#immediate !== undefined) return;
    const waited = this.#parts.now() - this.#lastWrite;
    const flush = (): void => {
      this.flush();
    };
    // Neither keeps the process alive: what waits at its exit is written by the exit handler.
    // A clock that was set back (by fake timers, for example) must not make them wait for it.
    if (waited >= WRITE_INTERVAL_MS || waited < 0) this.#immediate = setImmediate(flush).unref();
    else this.#timer = setTimeout(flush, WRITE_INTERVAL_MS - waited).unref();
  }

  flush(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    this.#timer = undefined;
    this.#immediate = undefined;
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#lastWrite = this.#parts.now();
    // Numbers are given when spans are written, so that a death in between leaves no hole behind.
    const spans = waiting.map(({ span, number }) => ({
      span,
      number: number ?? ++this.#lastNumber,
      settles: number !== undefined,
    }));
    this.#write('final', spans);
  }

  /**
   * Writes spans as one frame; as two halves if that would be too large, or if they cannot be encoded: one span that
   * throws when it is read must not take the others with it.
   */
  #write(kind: FrameKind, spans: readonly OutgoingSpan[]): void {
    const payload = guarded('ENCODE', () => this.#parts.encoder.encode(spans));
    const fits = payload !== undefined && payload.length <= MAX_PAYLOAD_BYTES;
    if (!fits && spans.length > 1) {
      const half = spans.length >> 1;
      this.#write(kind, spans.slice(0, half));
      this.#write(kind, spans.slice(half));
      return;
    }
    if (payload === undefined) return;
    const numbers = spans.filter(({ settles }) => settles).map(({ number }) => number);
    guarded('SPOOL', () => {
      if (this.#parts.writer.append(kind, numbers, payload, spans.length)) this.#parts.onWritten();
    });
  }
}
