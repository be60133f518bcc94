import { hash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { AlertSeverity } from '@spanledger/record';

import { createBlindKey } from '../blind-key.ts';
import { type DerivedDraft, partyOf } from '../derived-draft.ts';
import type { FollowedRecord, FollowedRecords } from '../followed-records.ts';
import { type FollowedLog, readPosition, settleDatabase, writePosition } from '../follower-database.ts';
import { inTransaction } from '../transaction.ts';
import type { Follower } from '../follower.ts';
import { Outbox, type RowSealer } from '../outbox/index.ts';
import { openAlertDatabase, readNote, writeNote } from './alert-database.ts';
import { ALERT_KIND, alertDraft } from './alert-draft.ts';
import { type AlertFilter, type AlertRow, AlertTable } from './alert-table.ts';
import type { Hide } from './hidden-values.ts';
import { AlertEngine } from './engine.ts';
import type { RaisedAlert } from './raised-alert.ts';
import { RecordClock, timeOf } from './record-clock.ts';
import type { AlertRule } from './rule.ts';
import { AlertResolver } from './resolver.ts';
import { StoredKeyStates } from './stored-key-states.ts';

/** Of a log that is followed from its beginning though it is long, what happened earlier than this before its end is past. */
const PAST_MS = 86_400_000;

/** Where alerts are kept. */
export interface AlertListOptions {
  /** Path of the database. */
  file: string;
  /** 32 bytes: the key that hides what rules keep of the records. */
  key: Uint8Array;
}

/** What raising alerts takes. */
export interface AlertStoreOptions extends AlertListOptions {
  rules: readonly AlertRule[];
  /** The most keys in memory between batches. */
  maxKeys: number;
  records: FollowedRecords;
  /** One record of the published log. */
  readRecord: (index: number) => Promise<FollowedRecord>;
  /** Seals what is on its way to the ledger. */
  sealer: RowSealer;
  log: FollowedLog;
}

/** What the rules keep is stored after so many records or so much time; each key once, however often it changed. */
const STORE_RECORDS = 65_536;
const STORE_MS = 10_000;

/** A batch of fewer records is stored at once, unless much has changed since the last time. */
const SMALL_BATCH = 256;
const FEW_CHANGES = 2048;

/** The alerts of a log. */
export interface AlertList {
  /** For status: `alerts`. */
  readonly name: string;
  /** The first ledger index that is not taken in. */
  position(): number;
  find(id: string): AlertRow | undefined;
  /** Alerts, those that were raised last first. */
  list(filter: AlertFilter): AlertRow[];
  /** How many alerts are open, by severity. */
  open(): Partial<Record<AlertSeverity, number>>;
  close(): void;
}

/**
 * Opens the alerts of a data directory, to be read.
 *
 * @throws ExporterError `index_damaged` when they cannot be read
 */
export function openAlertList({ file, key }: AlertListOptions): AlertList {
  return listOf(openAlertDatabase(file, createBlindKey(key)));
}

/** Follows the log, runs the rules over its records, and keeps the alerts that the ledger holds. */
export function openAlerts(options: AlertStoreOptions): Follower {
  const { file, key, rules, maxKeys, records, readRecord, sealer, log } = options;
  const blindKey = createBlindKey(key);
  const database = openAlertDatabase(file, blindKey, log);
  const clock = new RecordClock();
  const table = new AlertTable(database);
  const outbox = new Outbox(database, ALERT_KIND, sealer);
  const states = new StoredKeyStates(database, maxKeys, () => clock.nowMs);
  const hide: Hide = (kind, value) => blindKey.token(kind, value);
  const engine = new AlertEngine(rules, { states, clock, hide });
  const resolver = new AlertResolver(rules, hide, table, database);
  forgetChangedRules(database, rules);
  restoreClock(database, clock);

  /** What was told before, one day before the end of a log that is followed anew, is for a replay to tell. */
  async function pastOf(): Promise<(raised: RaisedAlert) => boolean> {
    const noted = readNote(database, 'past');
    const past: unknown = noted === undefined ? undefined : JSON.parse(noted);
    if (Array.isArray(past)) {
      const [size, untilMs]: unknown[] = past;
      return isPast(Number(size), Number(untilMs));
    }
    const last = log.size === 0 ? undefined : await readRecord(log.size - 1);
    const untilMs = last === undefined ? 0 : timeOf(last.record['@timestamp']) - PAST_MS;
    writeNote(database, 'past', JSON.stringify([log.size, untilMs]));
    return isPast(log.size, untilMs);
  }

  async function draftOf(raised: RaisedAlert, at: FollowedRecord | undefined): Promise<DerivedDraft> {
    const { index } = raised.trigger;
    const { record, openings } = at?.index === index ? at : await readRecord(index);
    return alertDraft(raised, partyOf(record, openings));
  }

  let position = readPosition(database);
  writeNote(database, 'reached', String(position));
  let unstored = 0;
  let storedAtMs = performance.now();

  /** Whether what the rules keep is to be stored now. */
  function isDue(count: number): boolean {
    return (
      (count < SMALL_BATCH && states.changed <= FEW_CHANGES) ||
      unstored + count >= STORE_RECORDS ||
      performance.now() - storedAtMs >= STORE_MS ||
      states.size >= maxKeys
    );
  }

  /** Within a transaction: what the rules keep, and up to where that is. */
  function store(reached: number): void {
    states.flush();
    writeNote(database, 'clock', JSON.stringify(clock.state));
    writePosition(database, reached);
  }

  function noteStored(): void {
    unstored = 0;
    storedAtMs = performance.now();
    states.evict();
  }

  /**
   * Runs the rules, and stores what comes of it in one transaction; nothing of it stays if that fails. What the rules keep
   * is stored now and then, with the position: what a crash has repeated derives the same records, which the outbox knows.
   */
  async function advance(
    taken: readonly FollowedRecord[],
    run: () => AsyncGenerator<DerivedDraft>,
    reached: number = position,
  ): Promise<void> {
    try {
      const drafts: DerivedDraft[] = [];
      for await (const draft of run()) drafts.push(draft);
      const due = isDue(taken.length);
      inTransaction(database, () => {
        for (const draft of drafts) outbox.put(draft);
        for (const each of taken) {
          outbox.seen(each.record.audit.record.id);
          table.note(each.record, each.index);
          for (const draft of resolver.take(each)) outbox.put(draft);
        }
        writeNote(database, 'reached', String(reached));
        if (due) store(reached);
      });
      position = reached;
      unstored += taken.length;
      if (due) noteStored();
    } catch (error) {
      states.forget();
      restoreClock(database, clock);
      position = readPosition(database);
      unstored = 0;
      throw error;
    }
  }

  return {
    ...listOf(database),
    isUrgent: true,
    position: () => position,
    outbox,
    // Its states name nobody; what was on its way to the ledger is to be in no free page.
    settleErasure: () => {
      engine.forget();
      resolver.forget();
      settleDatabase(database);
    },
    async process(batch) {
      const taken = await records.read(batch);
      const isPastAlert = await pastOf();
      async function* run(): AsyncGenerator<DerivedDraft> {
        for (const record of taken) {
          for (const raised of engine.take(record)) {
            if (!isPastAlert(raised)) yield await draftOf(raised, record);
          }
        }
      }
      await advance(taken, run, batch.first + batch.entries.length);
    },
    async tick(nowMs) {
      async function* run(): AsyncGenerator<DerivedDraft> {
        for (const raised of engine.overdue(nowMs)) yield await draftOf(raised, undefined);
      }
      if (rules.some(({ detection }) => detection.type === 'absence') || unstored > 0) await advance([], run);
    },
    close() {
      if (unstored > 0) {
        inTransaction(database, () => {
          store(position);
        });
      }
      database.close();
    },
  };
}

function listOf(database: DatabaseSync): AlertList {
  const table = new AlertTable(database);
  return {
    name: 'alerts',
    position: () => Number(readNote(database, 'reached') ?? readPosition(database)),
    find: (id) => table.find(id),
    list: (filter) => table.list(filter),
    open: () => table.open(),
    close: () => {
      database.close();
    },
  };
}

function isPast(size: number, untilMs: number): (raised: RaisedAlert) => boolean {
  return ({ trigger, timestamp }) => trigger.index < size && timeOf(timestamp) < untilMs;
}

/** What a rule keeps means nothing to a rule that says something else. */
function forgetChangedRules(database: DatabaseSync, rules: readonly AlertRule[]): void {
  const digests = new Map(rules.map((rule) => [rule.id, digestOf(rule)]));
  inTransaction(database, () => {
    for (const row of database.prepare('SELECT id, digest FROM alert_rules').all()) {
      if (digests.get(String(row['id'])) === row['digest']) continue;
      database.prepare('DELETE FROM key_states WHERE rule = ?').run(String(row['id']));
      database.prepare('DELETE FROM alert_causes WHERE rule = ?').run(String(row['id']));
      database.prepare('DELETE FROM alert_rules WHERE id = ?').run(String(row['id']));
    }
    const insert = database.prepare('INSERT OR IGNORE INTO alert_rules (id, digest) VALUES (?, ?)');
    for (const [id, digest] of digests) insert.run(id, digest);
  });
}

function digestOf(rule: AlertRule): string {
  return hash('sha256', JSON.stringify({ ...rule, selections: [...rule.selections] }));
}

function restoreClock(database: DatabaseSync, clock: RecordClock): void {
  const noted = readNote(database, 'clock');
  // Written by this file alone.
  const state: RecordClock['state'] =
    noted === undefined ? { times: [], count: 0, nowMs: 0 } : JSON.parse(noted);
  clock.restore(state);
}
