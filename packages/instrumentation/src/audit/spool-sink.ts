import { AsyncLocalStorage } from 'node:async_hooks';
import type { NumberedSpan } from '../otlp/encoder.ts';
import type { RecordedResource, RecordedSpan } from '../otlp/recorded-span.ts';
import type { FrameKind } from '../spool/frame.ts';
import type { LossReason, LossState } from '../spool/loss-file.ts';
import type { AppendMode, AppendOutcome } from '../spool/spool-writer.ts';
import { warnAboutFailure } from '../warning.ts';
import { LossLedger, lossSpan } from './loss-ledger.ts';
import { endSpan } from './producer-span.ts';
import type { SpanEncoder, SpanSink } from './span-sink.ts';

/** Spans wait at most this long before they are written. */
export const WRITE_INTERVAL_MS = 20;

/** So many are written at once even if they have not waited. */
export const MAX_WAITING_SPANS = 512;

/** Larger frames are divided: a receiver takes requests of a few MiB. */
export const MAX_PAYLOAD_BYTES: number = 2 * 1024 * 1024;

/** Losses are reported this often at most: a spool that is just full would fill up with reports. */
export const LOSS_REPORT_INTERVAL_MS = 1_000;

/** A numbered span, and whether its frame names the number: a provisional frame does, and the one that settles it. */
interface OutgoingSpan extends NumberedSpan {
  readonly settles: boolean;
}

/** A span whose number is 0 until it is written, unless it was kept provisionally. */
interface WaitingSpan extends OutgoingSpan {
  number: number;
}

/** Takes frames. */
export interface FrameWriter {
  append(
    kind: FrameKind,
    numbers: readonly number[],
    payload: Uint8Array,
    spans: number,
    mode: AppendMode,
  ): AppendOutcome;
  noteLosses(state: LossState): void;
}

/** What a spool sink works with. */
export interface SpoolSinkParts {
  /** The producer's id. */
  readonly streamId: string;
  readonly encoder: SpanEncoder;
  readonly writer: FrameWriter;
  /** Called after something was written. */
  readonly onWritten: () => void;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

/**
 * Numbers spans in the order in which they are written to the spool. The first span after a quiet time is
 * written before the event loop turns; under load all that end within twenty milliseconds share one write.
 *
 * A span that could not be written has had its number, so that the receiver sees a hole; how many there were, and why,
 * it is told by a span of their own (see loss-ledger.ts) as soon as there is room.
 */
export class SpoolSink implements SpanSink {
  readonly #parts: SpoolSinkParts;
  #waiting: WaitingSpan[] = [];
  #lastNumber = 0;
  /** The number of the last terminal marker; 0 before the first. */
  #endNumber = 0;
  /** Runs from a write on for as long as there is something to write each time: a timer for every write costs more. */
  #interval: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  /** An interval keeps what was going on when it was made: that must not be somebody's request. */
  readonly #outside = AsyncLocalStorage.snapshot();
  readonly #losses = new LossLedger();
  #lostTotal = 0;
  #lastReport = Number.NEGATIVE_INFINITY;
  #reportTimer: NodeJS.Timeout | undefined;
  #resource: RecordedResource = { attributes: {} };
  #emitted = 0;

  readonly #flush = (): void => {
    this.flush();
  };

  readonly #tick = (): void => {
    if (this.#waiting.length > 0) {
      this.flush();
      return;
    }
    clearInterval(this.#interval);
    this.#interval = undefined;
  };

  constructor(parts: SpoolSinkParts) {
    this.#parts = parts;
  }

  /** Spans that were handed in for good. */
  get emitted(): number {
    return this.#emitted;
  }

  /** Spans that were lost, by reason. */
  get lost(): ReadonlyMap<LossReason, number> {
    return this.#losses.totals;
  }

  emit(span: RecordedSpan, number?: number): void {
    this.#waiting.push({ span, number: number ?? 0, settles: number !== undefined });
    if (this.#waiting.length >= MAX_WAITING_SPANS) this.flush();
    else this.#schedule();
  }

  provisional(span: RecordedSpan): number | undefined {
    const number = this.#lastNumber + 1;
    // Never waits for room: the span is not lost yet.
    const outcome = this.#append('provisional', [{ span, number, settles: true }], 'try');
    if (outcome !== 'written') return undefined;
    this.#lastNumber = number;
    this.#noteLosses();
    return number;
  }

  #schedule(): void {
    if (this.#interval !== undefined || this.#immediate !== undefined) return;
    // Does not keep the process alive: what waits at its exit is written by the exit handler.
    this.#immediate = setImmediate(this.#flush).unref();
  }

  flush(): void {
    if (this.#immediate !== undefined) {
      clearImmediate(this.#immediate);
      this.#immediate = undefined;
    }
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#emitted += waiting.length;
    this.#resource = waiting.at(-1)?.span.resource ?? this.#resource;
    this.#interval ??= this.#outside(() => setInterval(this.#tick, WRITE_INTERVAL_MS)).unref();
    if (this.#losses.isPending) this.#reportLosses('try');
    // Numbers are given when spans are written, so that a death in between leaves no hole behind.
    for (const span of waiting) if (!span.settles) span.number = ++this.#lastNumber;
    this.#write(waiting);
    this.#noteLosses();
  }

  /** Writes what waits, what was lost, and that this is the end; even beyond the spool's bound. */
  end(): void {
    this.flush();
    if (this.#losses.isPending) {
      this.#lastReport = Number.NEGATIVE_INFINITY;
      this.#reportLosses('force');
      this.#noteLosses();
    }
    this.#markEnd();
  }

  /**
   * Writes the terminal marker, if anything was recorded since the last one. Not while there are losses that could not be
   * told: whoever takes the folder over reports them under the next number.
   */
  #markEnd(): void {
    if (this.#lastNumber === this.#endNumber || this.#losses.isPending) return;
    const number = this.#lastNumber + 1;
    const { streamId } = this.#parts;
    const span = endSpan({ streamId, number, nowMs: Date.now(), resource: this.#resource });
    if (this.#append('final', [{ span, number, settles: false }], 'force') !== 'written') return;
    this.#lastNumber = number;
    this.#endNumber = number;
  }

  /**
   * Writes spans as one frame; as two halves if that would be too large, or if they cannot be encoded: one span that
   * throws when it is read must not take the others with it.
   */
  #write(spans: readonly OutgoingSpan[]): void {
    const outcome = this.#append('final', spans, 'wait');
    if (outcome === 'written') return;
    if ((outcome === 'too_large' || outcome === 'encode_failed') && spans.length > 1) {
      const half = spans.length >> 1;
      this.#write(spans.slice(0, half));
      this.#write(spans.slice(half));
      return;
    }
    const reason = outcome === 'too_large' ? 'encode_failed' : outcome;
    for (const { span, number, settles } of spans) {
      // What is there provisionally is not lost: it is sent as it is, after the process.
      if (settles) continue;
      this.#losses.add(reason, number);
      this.#lostTotal += 1;
      this.#resource = span.resource;
    }
    this.#scheduleReport();
  }

  #append(
    kind: FrameKind,
    spans: readonly OutgoingSpan[],
    mode: AppendMode,
  ): AppendOutcome | 'encode_failed' | 'too_large' {
    const { encoder, writer, onWritten } = this.#parts;
    let what = 'ENCODE';
    let outcome: AppendOutcome | 'encode_failed' = 'encode_failed';
    try {
      const payload = encoder.encode(spans);
      if (payload.length > MAX_PAYLOAD_BYTES && spans.length > 1) return 'too_large';
      what = 'SPOOL';
      outcome = 'spool_failed';
      outcome = writer.append(kind, settledNumbers(spans), payload, spans.length, mode);
      what = 'SENDER';
      if (outcome === 'written') onWritten();
    } catch (error) {
      warnAboutFailure(what, error);
    }
    return outcome;
  }

  #scheduleReport(): void {
    if (this.#reportTimer !== undefined || !this.#losses.isPending) return;
    this.#reportTimer = setTimeout(() => {
      this.#reportTimer = undefined;
      this.#reportLosses('try');
      this.#noteLosses();
      this.#scheduleReport();
    }, LOSS_REPORT_INTERVAL_MS).unref();
  }

  #reportLosses(mode: AppendMode): void {
    const now = this.#parts.now();
    const elapsed = now - this.#lastReport;
    if (elapsed >= 0 && elapsed < LOSS_REPORT_INTERVAL_MS) return;
    const number = this.#lastNumber + 1;
    const span = lossSpan(this.#losses.pending, {
      streamId: this.#parts.streamId,
      number,
      nowMs: Date.now(),
      resource: this.#resource,
    });
    if (this.#append('final', [{ span, number, settles: false }], mode) !== 'written') return;
    this.#lastNumber = number;
    this.#lastReport = now;
    this.#losses.settle();
    this.#noteLosses(true);
  }

  /** While there is something unreported, the folder says so: the process may be killed before it can. */
  #noteLosses(always = false): void {
    if (!always && !this.#losses.isPending) return;
    this.#parts.writer.noteLosses({
      total: this.#lostTotal,
      unreported: this.#losses.pending,
      next: this.#lastNumber + 1,
    });
  }
}

function settledNumbers(spans: readonly OutgoingSpan[]): readonly number[] {
  const numbers: number[] = [];
  for (const { settles, number } of spans) if (settles) numbers.push(number);
  return numbers;
}
