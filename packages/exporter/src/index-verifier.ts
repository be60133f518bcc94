import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { fileTiles, LedgerReader } from '@spanledger/ledger';

import { dataDirectory } from './data-directory.ts';
import type { DataDirectory } from './data-directory.ts';
import { environmentKek, kekEnvironment } from './environment-kek.ts';
import { ExporterError } from './errors.ts';
import { followedRecords } from './followed-records.ts';
import type { FollowedRecords } from './followed-records.ts';
import type { FollowedBatch } from './follower.ts';
import { MAX_INDEX_FAILURES } from './index-report.ts';
import type { IndexFailure, IndexFailureCode, IndexReport } from './index-report.ts';
import { matchingOpenings } from './matching-openings.ts';
import type { OpeningsReader } from './openings.ts';
import { loadIndexKey, loadKek, openStoredOpenings } from './privacy/index.ts';
import { openPurgedRecords, type PurgedRecords } from './purged-records.ts';
import { PurgeClaims } from './purge-claims.ts';
import { openSearchIndex, StoredIndex } from './search/index.ts';
import type { IndexDifference } from './search/index.ts';
import { openSessions, StoredSessions } from './sessions/index.ts';
import type { SessionDifference } from './sessions/index.ts';

/** How an index is verified. */
export interface VerifyIndexOptions {
  /** For `SPANLEDGER_KEK`; the process's own by default. */
  env?: Readonly<Record<string, string | undefined>>;
  /** Is told now and then how many of the log's `size` records were taken in anew. */
  onProgress?: (progress: { verified: number; size: number }) => void;
}

const BATCH_ENTRIES = 4096;

/** How much of a session's reference is shown, in characters; it may be anything. */
const MAX_SHOWN_REFERENCE = 100;

/** How often an index is opened again that is behind: a running service is about to catch up. */
const ATTEMPTS = 10;
const ATTEMPT_INTERVAL_MS = 200;

/**
 * Verifies the index and the sessions of a data directory against its ledger, which is believed: verify it first. Both
 * are built anew, in a folder for temporary files, and compared; what the vault opens is held to what the records
 * committed to. A service may be running. Nothing in the directory is changed.
 *
 * @param directory - the data directory
 * @throws ExporterError `key_missing`, `key_mismatch`, `index_damaged`, `ledger_damaged`
 * @throws LedgerError where the log's files cannot be read
 */
export async function verifyIndex(directory: string, options: VerifyIndexOptions = {}): Promise<IndexReport> {
  const startedMs = performance.now();
  const { env = process.env, onProgress = () => undefined } = options;
  const paths = dataDirectory(directory);
  const brought = await environmentKek(kekEnvironment(env));
  const kek = await loadKek(paths.kekFile, brought, false);
  const key = await loadIndexKey(paths.indexKeyFile, kek, false);
  await using cleanup = new AsyncDisposableStack();
  const openings = cleanup.adopt(await openStoredOpenings(paths, brought), (room) => room.close());
  const reader = new LedgerReader(fileTiles(paths.ledger));
  const stored = await openStored(paths, key, reader);
  const { index, sessions, published } = stored;
  cleanup.defer(() => {
    index.close();
    sessions.close();
  });
  const scratch = cleanup.adopt(await mkdtemp(join(tmpdir(), 'spanledger-verify-')), (folder) =>
    rm(folder, { recursive: true, force: true }),
  );

  const failures = [
    ...inspectRoom('index', index, stored),
    ...inspectRoom('list of sessions', sessions, stored),
  ];
  const rebuilt = { index: join(scratch, 'index.db'), sessions: join(scratch, 'sessions.db') };
  const ends = {
    index: Math.min(index.position, published),
    sessions: Math.min(sessions.position, published),
  };
  const compared = Math.max(ends.index, ends.sessions);
  const purged = openPurgedRecords(paths, key, cleanup);
  const unread = await rebuild({ reader, openings, key, rebuilt, ends, failures, onProgress, purged });
  if (unread === undefined) {
    const most = MAX_INDEX_FAILURES + 1;
    const begun = Math.max(await reader.minimumIndex(), purged?.purgedTo ?? 0);
    failures.push(...index.differences(rebuilt.index, key, most).map(describeDifference));
    failures.push(...sessions.differences(rebuilt.sessions, key, most, begun).map(describeSession));
  } else {
    failures.push(unread);
  }
  return {
    ok: failures.length === 0,
    size: published,
    compared: unread === undefined ? compared : 0,
    failures: failures.slice(0, MAX_INDEX_FAILURES),
    complete: unread === undefined && failures.length <= MAX_INDEX_FAILURES,
    elapsedMs: performance.now() - startedMs,
  };
}

interface Stored {
  index: StoredIndex;
  sessions: StoredSessions;
  /** The log's size before they were opened: so much they have to have. */
  size: number;
  /** The log's size after that: more they cannot have. */
  published: number;
}

/** Opens what is stored, once it has taken in what is published, or after a while as it is. */
async function openStored(paths: DataDirectory, key: Uint8Array, reader: LedgerReader): Promise<Stored> {
  const { size } = await reader.checkpoint();
  for (let attempt = 1; ; attempt++) {
    const index = new StoredIndex(paths.indexFile, key);
    const sessions = openOr(() => new StoredSessions(paths.sessionsFile, key), index);
    if ((index.position >= size && sessions.position >= size) || attempt === ATTEMPTS) {
      return { index, sessions, size, published: (await reader.checkpoint()).size };
    }
    index.close();
    sessions.close();
    await delay(ATTEMPT_INTERVAL_MS);
  }
}

function openOr<Room>(open: () => Room, opened: { close(): void }): Room {
  try {
    return open();
  } catch (error) {
    opened.close();
    throw error;
  }
}

interface RebuildOptions {
  reader: LedgerReader;
  openings: OpeningsReader;
  key: Uint8Array;
  /** Paths of the databases to be made. */
  rebuilt: { index: string; sessions: string };
  /** Just past the last entry that each takes in. */
  ends: { index: number; sessions: number };
  failures: IndexFailure[];
  onProgress: (progress: { verified: number; size: number }) => void;
  /** What is not in the index any more; undefined where nothing ever was purged. */
  purged: PurgedRecords | undefined;
}

/** Builds index and sessions anew; answers why where that cannot be done. */
async function rebuild(options: RebuildOptions): Promise<IndexFailure | undefined> {
  const { reader, openings, key, rebuilt, ends, failures, onProgress, purged } = options;
  const records = followedRecords(openings);
  const claims = new PurgeClaims();
  const index = openSearchIndex({
    file: rebuilt.index,
    key,
    openings,
    records,
    ...(purged !== undefined && { purgedIn: (from, to) => purged.purgedIn(from, to) }),
  });
  const sessions = openSessions({ file: rebuilt.sessions, key, openings, records });
  const size = Math.max(ends.index, ends.sessions);
  try {
    for (let first = await reader.minimumIndex(); first < size; first += BATCH_ENTRIES) {
      const batch = await readBatch(reader, first, Math.min(first + BATCH_ENTRIES, size));
      for (const { record } of await records.read(batch)) claims.take(record);
      failures.push(
        ...(await findForeign(records, batch)).slice(0, MAX_INDEX_FAILURES + 1 - failures.length),
      );
      for (const [follower, end] of [
        [index, ends.index],
        [sessions, ends.sessions],
      ] as const) {
        if (end > first) await follower.process({ first, entries: batch.entries.slice(0, end - first) });
      }
      onProgress({ verified: first + batch.entries.length, size });
    }
    if (purged !== undefined) failures.push(...claims.check(purged, await reader.minimumIndex(), size));
    return undefined;
  } catch (error) {
    if (!(error instanceof ExporterError && error.code === 'vault_damaged')) throw error;
    return { code: 'disclosures_unreadable', place: {}, detail: `${error.message}.` };
  } finally {
    index.close();
    sessions.close();
  }
}

async function readBatch(reader: LedgerReader, from: number, to: number): Promise<FollowedBatch> {
  const entries: Uint8Array[] = [];
  for await (const { bytes } of reader.entries(from, to)) entries.push(bytes);
  return { first: from, entries };
}

/** Holds what the vault opens to what the records committed to. */
async function findForeign(records: FollowedRecords, batch: FollowedBatch): Promise<IndexFailure[]> {
  return (await records.read(batch)).flatMap(({ index, record, openings }): IndexFailure[] => {
    const { foreign } = matchingOpenings(record, openings);
    if (foreign.length === 0) return [];
    const detail = `Record ${index} did not commit to what the vault has for ${foreign.join(', ')}.`;
    return [{ code: 'disclosure_foreign', place: { index }, detail }];
  });
}

/** Whether a room has taken in what it should, and no more, and holds together. */
function inspectRoom(
  name: string,
  room: Pick<StoredIndex, 'findDamage' | 'position'>,
  { size, published }: Stored,
): IndexFailure[] {
  const { position } = room;
  const failures: IndexFailure[] = [];
  const counts = `The ${name} has taken in ${position} records, the ledger has ${published}.`;
  if (position < size) failures.push({ code: 'index_behind', place: { index: position }, detail: counts });
  if (position > published)
    failures.push({ code: 'index_ahead', place: { index: published }, detail: counts });
  const damage = room.findDamage();
  if (damage !== undefined) {
    failures.push({ code: 'index_inconsistent', place: {}, detail: `The ${name}: ${damage}.` });
  }
  return failures;
}

const DIFFERENCES: Readonly<Record<IndexDifference['kind'], { code: IndexFailureCode; detail: string }>> = {
  missing: { code: 'indexed_record_missing', detail: 'Nothing in the index leads to record' },
  foreign: { code: 'indexed_record_foreign', detail: 'The index leads to a record that there is not,' },
  altered: { code: 'indexed_record_altered', detail: 'The index has other words than it should for record' },
  times: { code: 'indexed_times_altered', detail: 'The index has other times than it should from record' },
  fields: { code: 'indexed_fields_altered', detail: 'The index has other fields than it should' },
};

function describeDifference({ kind, index }: IndexDifference): IndexFailure {
  const { code, detail } = DIFFERENCES[kind];
  if (index === undefined) return { code, place: {}, detail: `${detail}.` };
  return { code, place: { index }, detail: `${detail} ${index}${kind === 'times' ? ' on' : ''}.` };
}

const SESSION_DIFFERENCES: Readonly<Record<SessionDifference['kind'], string>> = {
  missing: 'is not in the list of sessions',
  foreign: 'is in the list of sessions, and no record is of it',
  altered: 'is listed otherwise than its records tell it',
};

const TOKEN_DIFFERENCES: Readonly<Record<SessionDifference['kind'], string>> = {
  missing: 'is not in the list of tokens',
  foreign: 'is in the list of tokens, and it does not name it',
  altered: 'is listed otherwise than its records tell it',
};

function describeSession({ what, kind, reference }: SessionDifference): IndexFailure {
  if (what === 'token') {
    const index = Number(reference);
    const detail = `The token that record ${index} is the first to name ${TOKEN_DIFFERENCES[kind]}.`;
    return { code: `token_${kind}`, place: { index }, detail };
  }
  const session = reference.slice(0, MAX_SHOWN_REFERENCE);
  const detail = `Session ${JSON.stringify(session)} ${SESSION_DIFFERENCES[kind]}.`;
  return { code: `session_${kind}`, place: { session }, detail };
}
