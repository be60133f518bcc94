import type { AuditRecord, JsonObject } from '@spanledger/record';

import type { IndexFailure } from './index-report.ts';
import type { PurgedRecords } from './purged-records.ts';

/** How many entries are looked at together. */
const BATCH_ENTRIES = 4096;

/**
 * What the log says was purged, to be held against what is marked as purged: a mark keeps a record out of the index, and
 * whoever may write the marks and not the log is not to hide a record by one.
 */
export class PurgeClaims {
  readonly #claims: { first: number; last: number; count: number }[] = [];

  /** Takes note of a record of the log; to be called for all of them. */
  take({ audit, event }: AuditRecord & JsonObject): void {
    if (event.action !== 'retention.purged') return;
    this.#take({ ...audit.retention });
  }

  /**
   * Tells of records that are marked and that the log does not say were purged.
   *
   * @param from - the first ledger index that the log has
   * @param to - ledger index just past the last
   */
  check(purged: Pick<PurgedRecords, 'pending' | 'purgedIn'>, from: number, to: number): IndexFailure[] {
    for (const pending of purged.pending) this.#take(pending);
    let marked = 0;
    let unclaimed: number | undefined;
    for (let at = from; at < to; at += BATCH_ENTRIES) {
      for (const index of purged.purgedIn(at, Math.min(to, at + BATCH_ENTRIES))) {
        marked++;
        if (!this.#claims.some(({ first, last }) => index >= first && index <= last)) unclaimed ??= index;
      }
    }
    const claimed = this.#claims.reduce(
      (sum, { first, last, count }) => sum + Math.max(0, Math.min(count, last - Math.max(first, from) + 1)),
      0,
    );
    if (unclaimed === undefined && marked <= claimed) return [];
    const detail = `${marked} records are marked as purged, and the log says so of ${claimed} at the most.`;
    return [
      { code: 'purge_unrecorded', place: { ...(unclaimed !== undefined && { index: unclaimed }) }, detail },
    ];
  }

  #take({ first_index: first, last_index: last, count }: JsonObject): void {
    if (typeof first !== 'number' || typeof last !== 'number' || typeof count !== 'number') return;
    this.#claims.push({ first, last, count });
  }
}
