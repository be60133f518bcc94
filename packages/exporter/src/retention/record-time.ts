import type { AuditRecord, JsonObject } from '@spanledger/record';

/**
 * When records were recorded, as far as the log tells: a record's own time is what its sender says, and a sender must
 * neither have records purged early nor kept for longer. So it counts only between what the service's own clock said
 * before, in records of its own or when it was told the time, and what it says now.
 */
export class RecordTimes {
  #floorMs: number;

  /** @param floorMs - nothing that is taken in from now on was recorded before; milliseconds since the epoch */
  constructor(floorMs: number) {
    this.#floorMs = floorMs;
  }

  /** The latest time of which it is known that the service's clock has shown it. */
  get floorMs(): number {
    return this.#floorMs;
  }

  /** What is taken in from now on was recorded later. */
  raise(floorMs: number): void {
    this.#floorMs = Math.max(this.#floorMs, floorMs);
  }

  /**
   * To be called for every record, in the order of the log.
   *
   * @param isBelieved - whether our clock is: what it shows otherwise says nothing of what comes later
   * @returns milliseconds since the epoch
   */
  take(record: AuditRecord & JsonObject, nowMs: number, isBelieved: boolean): number {
    const saidMs = Date.parse(record['@timestamp']);
    const timeMs = Math.min(Number.isNaN(saidMs) ? nowMs : saidMs, nowMs);
    if (isBelieved && isOfOurClock(record)) this.raise(timeMs);
    return Math.max(timeMs, this.#floorMs);
  }
}

/** Whether the time in a record is that of this service: no sender can write such a record. */
function isOfOurClock({ audit, span }: AuditRecord & JsonObject): boolean {
  if (span !== undefined) return false;
  return ['access', 'erasure', 'hold', 'key', 'retention'].some((member) => member in audit);
}
