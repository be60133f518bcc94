import { createHash } from 'node:crypto';
import {
  ATTR_AUDIT_LOST_COUNT,
  ATTR_AUDIT_LOST_FIRST,
  ATTR_AUDIT_LOST_LAST,
  ATTR_AUDIT_LOST_REASON,
  EVENT_RECORDS_LOST,
} from '@spanledger/record';
import type { HrTime, RecordedResource, RecordedSpan } from '../otlp/recorded-span.ts';
import type { Loss, LossReason } from '../spool/loss-file.ts';

const SCOPE = { name: '@spanledger/instrumentation-oidc' };
const TRACE_ID_DIGITS = 32;
const SPAN_ID_DIGITS = 16;

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

/** What a report of losses says beside them. */
export interface LossSpanFacts {
  /** Of the producer. */
  readonly streamId: string;
  /** The number that the span will have. */
  readonly number: number;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  /** Of the producer, as far as it is known. */
  readonly resource: RecordedResource;
}

/**
 * The span that tells of losses, with an event for each reason. Its ids follow from stream and number: when it is made
 * once more, by the process that takes the folder over, it is the same.
 *
 * @param losses - What was lost.
 * @param facts - Whose they are, and when it is told.
 */
export function lossSpan(
  losses: readonly Loss[],
  { streamId, number, nowMs, resource }: LossSpanFacts,
): RecordedSpan {
  const digest = createHash('sha256').update(`loss ${streamId} ${number}`).digest('hex');
  const identity = {
    traceId: digest.slice(0, TRACE_ID_DIGITS),
    spanId: digest.slice(TRACE_ID_DIGITS, TRACE_ID_DIGITS + SPAN_ID_DIGITS),
    traceFlags: 0,
  };
  const time: HrTime = [Math.floor(nowMs / 1_000), (nowMs % 1_000) * 1_000_000];
  return {
    spanContext: () => identity,
    name: EVENT_RECORDS_LOST,
    kind: 0,
    startTime: time,
    endTime: time,
    attributes: {},
    events: losses.map(({ reason, count, first, last }) => ({
      name: EVENT_RECORDS_LOST,
      time,
      attributes: {
        [ATTR_AUDIT_LOST_COUNT]: count,
        [ATTR_AUDIT_LOST_FIRST]: first,
        [ATTR_AUDIT_LOST_LAST]: last,
        [ATTR_AUDIT_LOST_REASON]: reason,
      },
    })),
    links: [],
    status: { code: 0 },
    resource,
    instrumentationScope: SCOPE,
  };
}
