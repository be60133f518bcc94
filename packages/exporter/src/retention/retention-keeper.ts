import type { DatabaseSync } from 'node:sqlite';
import type { AuditRecord, JsonObject } from '@spanledger/record';

import type { FollowedRecords } from '../followed-records.ts';
import { type FollowedLog, readPosition, writePosition } from '../follower-database.ts';
import { inTransaction } from '../transaction.ts';
import type { FollowedBatch, Follower } from '../follower.ts';
import { Outbox, type RowSealer } from '../outbox/index.ts';
import { type Chunk, CHUNK_ENTRIES, chunkOf } from './chunk.ts';
import { ClockGuard } from './clock-guard.ts';
import { dueAt } from './purge-plan.ts';
import { purgedOf, RETENTION_KIND } from './purge-record.ts';
import { RecordTimes } from './record-time.ts';
import { Classifier, digestOfClasses, type RetentionConfig } from './retention-class.ts';
import { openRetentionDatabase, RetentionTable } from './retention-table.ts';

/** What is published was recorded at most so long ago. */
const PUBLISHED_WITHIN_MS = 5000;

/** Chunks whose classes are told anew in one tick, after the configuration has changed. */
const CHUNKS_PER_TICK = 64;

/** A large index takes a while to be written anew. */
const SETTLE_EVERY_MS = 86_400_000;

const [SETTLED, SETTLED_PURGES] = ['settled_ms', 'settled_purges'];
/** How long a clock has been ahead, and what it showed while it was not, is written down so often. */
const NOTE_CLOCK_EVERY_MS = 60_000;

const AHEAD = 'clock_ahead_ms';
const [FLOOR, CLASSES, CHANGED, RECLASSED] = ['floor_ms', 'classes', 'changed_ms', 'reclassed_to'];

/** What the keeper joins. */
export interface RetentionKeeperOptions {
  /** `retention/retention.db`. */
  file: string;
  /** The key of the blind index. */
  key: Uint8Array;
  config: RetentionConfig;
  records: FollowedRecords;
  /** Reads records without their opened groups, all published. */
  readClear: (from: number, to: number) => Promise<(AuditRecord & JsonObject)[]>;
  sealer: RowSealer;
  log: FollowedLog;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Milliseconds of a clock that nobody can set; that of the process, unless a test says otherwise. */
  elapsed?: () => number;
}

/**
 * Follows the log to know when each record was recorded, of which class it is, and which were purged: what a purge
 * takes away is marked here first.
 */
export class RetentionKeeper implements Follower {
  readonly name = 'retention';
  readonly outbox: Outbox;
  readonly table: RetentionTable;
  readonly config: RetentionConfig;
  readonly #options: RetentionKeeperOptions;
  readonly #database: DatabaseSync;
  readonly #classifier: Classifier;
  readonly #times: RecordTimes;
  readonly #clock: ClockGuard;
  #notedMs = Number.NEGATIVE_INFINITY;

  constructor(options: RetentionKeeperOptions) {
    const { file, key, config, log, sealer, now } = options;
    this.#options = options;
    this.config = config;
    this.#database = openRetentionDatabase({ file, key, readOnly: false, log });
    this.outbox = new Outbox(this.#database, RETENTION_KIND, sealer);
    this.table = new RetentionTable(this.#database);
    this.#classifier = new Classifier(config);
    this.#times = new RecordTimes(this.#number(FLOOR));
    const { elapsed = () => performance.now() } = options;
    this.#clock = new ClockGuard({ knownMs: this.#number(FLOOR), waitedMs: this.#number(AHEAD), elapsed });
    const digest = digestOfClasses(config);
    if (this.table.setting(CLASSES) === digest) return;
    this.transact(() => {
      this.table.forgetDue();
      this.table.set(CLASSES, digest);
      this.table.set(CHANGED, now());
      this.table.set(RECLASSED, 0);
    });
  }

  /** Nothing is purged by itself before this moment: the classes have changed. Milliseconds since the epoch. */
  get quietUntilMs(): number {
    return this.#number(CHANGED) + this.config.graceMs;
  }

  /** Whether the classes of all records that were taken in are those of the configuration. */
  get isClassed(): boolean {
    return this.#number(RECLASSED) >= this.position();
  }

  /**
   * By how many milliseconds the clock is ahead of what is known; 0 while it is believed. Nothing is due by a clock that is
   * not.
   *
   * @param nowMs - what it shows, milliseconds since the epoch
   */
  clockLeadMs(nowMs: number): number {
    return this.#clock.look(nowMs);
  }

  position(): number {
    return readPosition(this.#database);
  }

  async process(batch: FollowedBatch): Promise<void> {
    const read = await this.#options.records.read(batch);
    const nowMs = this.#options.now();
    const isBelieved = this.clockLeadMs(nowMs) === 0;
    const end = batch.first + batch.entries.length;
    this.transact(() => {
      const isClassed = this.isClassed;
      const chunks = new Map<number, Chunk>();
      for (const { index, record } of read) {
        const chunk = chunks.get(chunkOf(index)) ?? this.table.read(chunkOf(index));
        chunks.set(chunk.number, chunk);
        const recordedMs = this.#times.take(record, nowMs, isBelieved);
        chunk.take({ index, classAt: this.#classifier.classOf(record), recordedMs });
        const isOurs = this.outbox.seen(record.audit.record.id);
        const purged = isOurs ? undefined : purgedOf(record);
        if (purged !== undefined) this.table.noteRecorded(purged);
      }
      for (const chunk of chunks.values()) this.#write(chunk, isClassed);
      this.table.set(FLOOR, this.#times.floorMs);
      if (isClassed) this.table.set(RECLASSED, end);
      writePosition(this.#database, end);
    });
  }

  /** What comes from now on was recorded about now; and classes that changed are told anew, some at a time. */
  async tick(nowMs: number): Promise<void> {
    if (this.clockLeadMs(nowMs) === 0) this.#times.raise(nowMs - PUBLISHED_WITHIN_MS);
    this.#noteClock(nowMs);
    const from = Math.max(this.#number(RECLASSED), this.table.firstKept(this.position()));
    const to = Math.min(this.position(), from + CHUNKS_PER_TICK * CHUNK_ENTRIES);
    if (this.isClassed) return;
    const records = from < to ? await this.#options.readClear(from, to) : [];
    this.transact(() => {
      const chunks = new Map<number, Chunk>();
      for (const record of records) {
        const { index } = record.audit.ledger;
        const chunk = chunks.get(chunkOf(index)) ?? this.table.read(chunkOf(index));
        chunks.set(chunk.number, chunk);
        chunk.take({ index, classAt: this.#classifier.classOf(record), recordedMs: nowMs });
      }
      for (const chunk of chunks.values()) this.#write(chunk, true);
      this.table.set(RECLASSED, Math.max(from, to));
    });
  }

  /** Whether the index has to be written anew, so that what was purged is in no file of it any more. */
  isSettlingDue(nowMs: number, atOnce: boolean): boolean {
    const isUnsettled = this.table.purges > this.#number(SETTLED_PURGES);
    return isUnsettled && (atOnce || nowMs - this.#number(SETTLED) >= SETTLE_EVERY_MS);
  }

  /** It was. */
  settled(nowMs: number): void {
    this.transact(() => {
      this.table.set(SETTLED, nowMs);
      this.table.set(SETTLED_PURGES, this.table.purges);
    });
  }

  prune(minimumIndex: number): void {
    this.transact(() => {
      this.table.prune(minimumIndex);
    });
  }

  /** Runs something in one transaction. */
  transact(run: () => void): void {
    inTransaction(this.#database, run);
  }

  close(): void {
    this.#database.close();
  }

  /** After a stop it is to be known when that was, and how long the clock had been ahead by then. */
  #noteClock(nowMs: number): void {
    if (Math.abs(nowMs - this.#notedMs) < NOTE_CLOCK_EVERY_MS) return;
    this.#notedMs = nowMs;
    this.transact(() => {
      this.table.set(FLOOR, this.#times.floorMs);
      this.table.set(AHEAD, this.#clock.waitedMs);
    });
  }

  /** Where classes are of an earlier configuration nothing is due. */
  #write(chunk: Chunk, isClassed: boolean): void {
    let dueMs = Number.POSITIVE_INFINITY;
    if (isClassed)
      for (const entry of chunk.entries()) dueMs = Math.min(dueMs, dueAt(entry, this.config.classes));
    this.table.write(chunk, Number.isFinite(dueMs) ? dueMs : undefined, 0);
  }

  #number(name: string): number {
    const value = this.table.setting(name);
    return typeof value === 'number' ? value : 0;
  }
}
