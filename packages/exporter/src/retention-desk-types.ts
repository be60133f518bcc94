import type { Asker } from './subjects/index.ts';
import type { RetentionPlan } from './retention/index.ts';

/** How retention stands. Times are RFC 3339. */
export interface RetentionStatus {
  /** In the order in which they are tried. */
  classes: { class: string; keep: string; match?: Record<string, string[]> | undefined }[];
  /** Whether a purge is under way. */
  running: boolean;
  /** Whether the classes of all records are known: false for a while after the configuration has changed. */
  classed: boolean;
  /** Nothing is purged by itself before; absent once that is over. */
  quiet_until?: string | undefined;
  /** By how many seconds the clock is ahead of what the log knows: nothing is purged by it. Absent while it is believed. */
  clock_ahead_seconds?: number | undefined;
  /** When the next record is due; absent where none ever is. */
  next_due?: string | undefined;
  /** The first ledger index of which the log has the entry. */
  minimum_index: number;
  /** The last purge since the start that came to its end. */
  last?: RetentionRun | undefined;
  /** Why the last one did not. */
  trouble?: string | undefined;
}

/** A purge that came to its end. */
export interface RetentionRun {
  at: string;
  /** How many records it took away. */
  purged: number;
}

/** What would be purged, and when that was found out. */
export interface RetentionForecast extends RetentionPlan {
  at: string;
}

/** Where retention is asked about. */
export interface RetentionDesk {
  /** @throws ExporterError `retention_unconfigured` */
  retention(): Promise<RetentionStatus>;
  /** What would be purged now; nothing is. @throws ExporterError `retention_unconfigured` */
  planRetention(): Promise<RetentionForecast>;
  /**
   * Begins to purge what is due now, unless that is under way.
   *
   * @throws ExporterError `clock_ahead`, `retention_unconfigured`
   */
  runRetention(asker?: Asker): Promise<RetentionStatus>;
}
