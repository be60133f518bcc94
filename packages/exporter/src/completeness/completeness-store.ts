import type { DatabaseSync } from 'node:sqlite';

import { createBlindKey } from '../blind-key.ts';
import type { FollowedLog } from '../follower-database.ts';
import { openFollowerDatabase, readPosition, writePosition } from '../follower-database.ts';
import { inTransaction } from '../transaction.ts';
import type { FollowedRecords } from '../followed-records.ts';
import type { Follower } from '../follower.ts';
import { Outbox, OUTBOX_SCHEMA, type RowSealer } from '../outbox/index.ts';
import { type AbsenceLimits, AbsenceWatch } from './absence-watch.ts';
import { PARTICIPATIONS_SCHEMA, ParticipationTable } from './participation-table.ts';
import { COMPLETENESS_KIND } from './producer-records.ts';
import { PRODUCERS_SCHEMA, ProducerTable } from './producer-table.ts';
import { SequenceFollower } from './sequence-follower.ts';
import { type SessionCompleteness, sessionCompleteness } from './session-completeness.ts';

const TITLE = 'list of producers';

/** Raised whenever a column changes its meaning. */
const VERSION = 2;

const SCHEMA = PRODUCERS_SCHEMA + PARTICIPATIONS_SCHEMA + OUTBOX_SCHEMA;

/** Where the list of producers lies. */
export interface CompletenessOptions {
  /** Path of the database. */
  file: string;
  /** 32 bytes: the key of the blind index, to which the database is bound. */
  key: Uint8Array;
}

/** What following the log takes beside. */
export interface CompletenessFollowerOptions extends CompletenessOptions, AbsenceLimits {
  records: FollowedRecords;
  /** Seals what waits to be recorded. */
  sealer: RowSealer;
  /** The log: producers of another one, or of a longer one, are gathered anew. */
  log: FollowedLog;
}

/** Answers what of a session is in the log. */
export interface CompletenessReader {
  readonly name: string;
  /** The first ledger index that it has not taken in. */
  position(): number;
  /** @param session - `audit.session.id` */
  ofSession(session: string): SessionCompleteness;
  close(): void;
}

/** Opens the list of producers to follow the log with it. */
export function followCompleteness(
  options: CompletenessFollowerOptions,
): Follower & { readonly outbox: Outbox } {
  const { file, key, records, sealer, log, graceMs, silenceMs } = options;
  const database = openDatabase({ file, key }, log);
  const outbox = new Outbox(database, COMPLETENESS_KIND, sealer);
  const sequences = new SequenceFollower({
    producers: new ProducerTable(database),
    participations: new ParticipationTable(database, false),
    outbox,
    watch: new AbsenceWatch({ graceMs, silenceMs }),
  });
  return {
    name: 'completeness',
    isUrgent: true,
    outbox,
    position: () => readPosition(database),
    close: () => database.close(),
    async process(batch) {
      const read = await records.read(batch);
      inTransaction(database, () => {
        sequences.take(read);
        writePosition(database, batch.first + batch.entries.length);
      });
    },
    tick(nowMs) {
      inTransaction(database, () => {
        sequences.look(nowMs);
      });
    },
  };
}

/**
 * Opens the list of producers to read it.
 *
 * @throws ExporterError `index_damaged`
 */
export function openCompleteness({ file, key }: CompletenessOptions): CompletenessReader {
  const database = openDatabase({ file, key });
  const producers = new ProducerTable(database);
  const participations = new ParticipationTable(database, true);
  return {
    name: 'completeness',
    position: () => readPosition(database),
    close: () => database.close(),
    ofSession(session) {
      database.exec('BEGIN');
      try {
        return sessionCompleteness(
          participations.of(session),
          (streamId) => producers.find(streamId),
          readPosition(database),
        );
      } finally {
        database.exec('COMMIT');
      }
    },
  };
}

/** @param log - the log, for who writes; absent for who reads */
function openDatabase({ file, key }: CompletenessOptions, log?: FollowedLog): DatabaseSync {
  return openFollowerDatabase({
    file,
    title: TITLE,
    version: VERSION,
    schema: SCHEMA,
    key: createBlindKey(key),
    readOnly: log === undefined,
    ...(log !== undefined && { log }),
  });
}
