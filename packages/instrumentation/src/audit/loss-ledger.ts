import {
  ATTR_AUDIT_LOST_COUNT,
  ATTR_AUDIT_LOST_FIRST,
  ATTR_AUDIT_LOST_LAST,
  ATTR_AUDIT_LOST_REASON,
  EVENT_RECORDS_LOST,
} from '@spanledger/record';
import type { RecordedSpan } from '../otlp/recorded-span.ts';
import type { Loss, LossReason } from '../spool/loss-file.ts';
import { producerSpan, type ProducerSpanFacts } from './producer-span.ts';

/** Counts spans that were numbered and not kept, until the receiver can be told. */
export class LossLedger {
  readonly #pending = new Map<LossReason, Loss>();
  readonly #totals = new Map<LossReason, number>();

  /** Spans that were lost, by reason. */
  get totals(): ReadonlyMap<LossReason, number> {
    return this.#totals;
  }

  /** What the receiver has not been told, one for each reason. */
  get pending(): Loss[] {
    return [...this.#pending.values()];
  }

  /** Whether there is anything to tell. */
  get isPending(): boolean {
    return this.#pending.size > 0;
  }

  /** A span with this number was lost; numbers come in ascending order. */
  add(reason: LossReason, number: number): void {
    const before = this.#pending.get(reason);
    const { count, first } = before ?? { count: 0, first: number };
    this.#pending.set(reason, { reason, count: count + 1, first, last: number });
    this.#totals.set(reason, (this.#totals.get(reason) ?? 0) + 1);
  }

  /** The receiver will be told. */
  settle(): void {
    this.#pending.clear();
  }
}

/**
 * The span that tells of losses, with an event for each reason. Its ids follow from stream and number: when it is made
 * once more, by the process that takes the folder over, it is the same.
 *
 * @param losses - What was lost.
 * @param facts - Whose they are, and when it is told.
 */
export function lossSpan(losses: readonly Loss[], facts: ProducerSpanFacts): RecordedSpan {
  return producerSpan(
    'loss',
    EVENT_RECORDS_LOST,
    losses.map(({ reason, count, first, last }) => ({
      [ATTR_AUDIT_LOST_COUNT]: count,
      [ATTR_AUDIT_LOST_FIRST]: first,
      [ATTR_AUDIT_LOST_LAST]: last,
      [ATTR_AUDIT_LOST_REASON]: reason,
    })),
    facts,
  );
}
