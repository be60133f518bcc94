import type { EntryBatch } from '@spanledger/record';
import type { Appended } from './append/committer.ts';
import { LedgerError } from './errors.ts';
import type { EpochKeys } from './journal/epoch-keys.ts';
import { SegmentedJournal, type Journal } from './journal/journal.ts';
import { WriteProbe } from './journal/write-probe.ts';
import type { KeyRotation } from './keys/key-rotation.ts';
import { EntryPruner } from './integrate/entry-pruner.ts';
import { OpenLedger } from './open-ledger.ts';
import { PartialTiles } from './publish/partial-tiles.ts';
import { Publisher } from './publish/publisher.ts';
import { recoverLog } from './recovery.ts';
import type { NoteSigner } from './signer.ts';
import { fileStorage } from './storage/file.ts';
import type { Storage, WritableStorage } from './storage/storage.ts';
import { storageTiles } from './storage/tiles.ts';
import type { WitnessingOptions, WitnessingStatus } from './witness/witness-group.ts';
import { Witnessing } from './witness/witnessing.ts';

/** The longest time from durable to published, in milliseconds, if nothing else is asked for. */
export const DEFAULT_PUBLISH_INTERVAL_MS = 500;

/** The longest time from durable to published that can be asked for, in milliseconds. */
export const MAX_PUBLISH_INTERVAL_MS = 1000;

/** The longest grace period of partial tiles that can be asked for, in milliseconds: a day. */
const MAX_PARTIAL_TILES_GRACE_MS = 86_400_000;

const DEFAULT_PARTIAL_TILES_GRACE_MS = 60_000;
const DEFAULT_SEGMENT_MAX_BYTES = 64 * 1024 * 1024;
const DEFAULT_SEGMENT_MAX_AGE_MS = 20_000;

/** How a ledger is opened. */
export interface LedgerOptions {
  /**
   * The data directory: the log is in `ledger/` below it, the journal in `journal/`, the lock in `state/`. It is short
   * for `storage: fileStorage(directory)`.
   */
  directory?: string;
  /**
   * Where the log is kept, instead of a directory. If it is locked already it stays the caller's: to be released after
   * the ledger was closed.
   */
  storage?: Storage | WritableStorage;
  /** Signs the checkpoints; its origin is the log's. Of a log that has changed its key it is any of them. */
  signer: NoteSigner;
  /** Further keys of the log that are held: which sign, and from which size on, is stated in `ledger/keys`. */
  signers?: readonly NoteSigner[];
  /** Keys for the openings in the journal. */
  epochKeys: EpochKeys;
  /** The longest time from durable to published, in milliseconds: at most 1,000, 500 if not given. */
  publishIntervalMs?: number;
  /** A journal segment is closed once it holds this many bytes; 64 MiB if not given. */
  segmentMaxBytes?: number;
  /** A journal segment is closed once it is this old, in milliseconds; 20,000 if not given. */
  segmentMaxAgeMs?: number;
  /**
   * Partial tiles are removed once a published checkpoint has covered the full ones for this long, in milliseconds: at
   * most a day, 60,000 if not given.
   */
  partialTilesGraceMs?: number;
  /** Who cosigns the log's checkpoints before they are published; nobody if not given. */
  witnessing?: WitnessingOptions;
  /** Milliseconds of a clock that only moves forward; `performance.now` if not given. */
  now?: () => number;
  /** Told of failures that no caller waits for; all of them are tried again. */
  onError?: (error: unknown) => void;
}

/** How far a ledger has come: each of its three moments, as a number of entries. */
export interface LedgerSizes {
  /** Entries that were given a place. */
  sequenced: number;
  /** Entries that survive a crash. */
  durable: number;
  /** Entries whose tiles are durable. */
  integrated: number;
  /** Entries that the published checkpoint covers. */
  published: number;
}

/** An append-only log, open for writing. */
export interface Ledger {
  /** The log's identity. */
  readonly origin: string;
  /** The key that verifies its checkpoints, the newest of them, as a signed-note vkey line. */
  readonly vkey: string;
  /** Changes the keys that sign. */
  readonly keys: KeyRotation;
  /** The write-ahead log. */
  readonly journal: Journal;
  /**
   * Appends a batch, all of it or nothing. Resolves once it is durable: it is in the journal, synced. The batch is
   * copied before `append` returns.
   *
   * @throws LedgerError `append_failed` (nothing was recorded), `ledger_busy` (try again), `entry_too_large`,
   *   `batch_too_large`, `batch_malformed`, `ledger_full`, `ledger_closed`
   */
  append(batch: EntryBatch): Promise<Appended>;
  /**
   * Whether a batch would be taken now, or refused with `ledger_busy`: for who can do without making it.
   *
   * @param sizeBytes of its entries and openings together
   */
  hasRoom(sizeBytes: number): boolean;
  /** Resolves once everything appended so far is durable; rejects with `append_failed` if some of it never will be. */
  barrier(): Promise<void>;
  /** How far it has come. */
  sizes(): LedgerSizes;
  /**
   * What keeps it from working: `append_failed`, until writing works again, which it finds out by itself;
   * `integrate_failed`, `publish_failed` or `quorum_missing`, until the attempt that succeeds. Undefined if all is well.
   */
  trouble(): LedgerError | undefined;
  /** How it stands with the witnesses; undefined if there are none. */
  witnessing(): WitnessingStatus | undefined;
  /** The published checkpoint, a signed note. */
  checkpoint(): string;
  /**
   * Resolves once a checkpoint of at least this size is published.
   *
   * @param signal ends the waiting; it then rejects with the signal's reason
   * @throws LedgerError `ledger_closed`
   */
  published(size: number, signal?: AbortSignal): Promise<void>;
  /**
   * Has what is durable published without waiting for the rest of the interval, at most ten times a second: for what
   * somebody is to be told of.
   */
  hasten(): void;
  /** The first index that the log still has; 0 unless it was pruned. */
  minimumIndex(): number;
  /**
   * Removes the entries below an index, as C2SP tlog-tiles prunes logs: their bundles go, tiles of hashes stay. An entry that says so
   * (`audit.retention.minimum_index`) must be published before, or the log does not verify any more. What a crash leaves is removed by
   * the next call, also with the same index.
   *
   * @param minimumIndex a multiple of 256, at most the published size; not below the one before
   * @throws LedgerError `out_of_range`, `ledger_closed`
   */
  prune(minimumIndex: number): Promise<void>;
  /**
   * Accepts nothing more, publishes all that is durable and lets go of the directory. If publishing fails it rejects,
   * and all else is done nevertheless: the next open publishes.
   */
  close(): Promise<void>;
}

/**
 * Opens a ledger for writing, or creates it. What a crash left behind is brought in order: everything that was
 * acknowledged is there once, and what was published is never contradicted.
 *
 * @throws LedgerError `ledger_locked`, `journal_damaged`, `ledger_damaged`, `tile_missing`, `checkpoint_invalid`,
 *   `keys_invalid`, `key_missing`, `key_invalid`
 * @example
 * await using cleanup = new AsyncDisposableStack();
 * const ledger = cleanup.adopt(await openLedger({ directory, signer, epochKeys }), (opened) => opened.close());
 * const { first } = await ledger.append(batch);
 */
export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  const publishIntervalMs = options.publishIntervalMs ?? DEFAULT_PUBLISH_INTERVAL_MS;
  if (!(publishIntervalMs > 0 && publishIntervalMs <= MAX_PUBLISH_INTERVAL_MS)) {
    throw new TypeError(`publishIntervalMs is ${publishIntervalMs}, not above 0 and at most 1000`);
  }
  const graceMs = options.partialTilesGraceMs ?? DEFAULT_PARTIAL_TILES_GRACE_MS;
  if (!(graceMs >= 0 && graceMs <= MAX_PARTIAL_TILES_GRACE_MS)) {
    throw new TypeError(`partialTilesGraceMs is ${graceMs}, not from 0 to ${MAX_PARTIAL_TILES_GRACE_MS}`);
  }
  const { storage, release } = await lockStorage(options);
  try {
    return await openLocked(
      { ...options, publishIntervalMs, partialTilesGraceMs: graceMs, storage },
      release,
    );
  } catch (error) {
    await release();
    throw error;
  }
}

async function lockStorage({ directory, storage, signer }: LedgerOptions): Promise<{
  storage: WritableStorage;
  release: () => Promise<void>;
}> {
  if ((directory === undefined) === (storage === undefined)) {
    throw new TypeError('a ledger is opened in a directory or on a storage: one of the two');
  }
  if (storage !== undefined && 'put' in storage) return { storage, release: () => Promise.resolve() };
  const place = directory === undefined ? '' : ` in ${directory}`;
  const locked = await (storage ?? fileStorage(directory ?? '')).lock(`The ledger ${signer.origin}${place}`);
  return { storage: locked, release: () => locked.release() };
}

async function openLocked(
  options: LedgerOptions & {
    publishIntervalMs: number;
    partialTilesGraceMs: number;
    storage: WritableStorage;
  },
  release: () => Promise<void>,
): Promise<Ledger> {
  const { storage, signer, epochKeys, publishIntervalMs, now = () => performance.now() } = options;
  const onError = options.onError ?? (() => undefined);
  const log = await recoverLog({ storage, signer, signers: options.signers ?? [], epochKeys });
  const partialTiles = new PartialTiles({
    storage,
    size: log.last?.size ?? 0,
    graceMs: options.partialTilesGraceMs,
    onError,
  });
  const witnessing = options.witnessing && new Witnessing(options.witnessing, storageTiles(storage), now);
  const publisher = new Publisher({
    ...log,
    witnessing,
    partialTiles,
    intervalMs: publishIntervalMs,
    now,
    onError,
  });
  try {
    await publisher.publishNow();
  } catch (error) {
    // A log that is held back takes records all the same.
    if (!isHeldBack(error)) {
      await publisher.close();
      await partialTiles.close();
      throw error;
    }
    onError(error);
    publisher.wake();
  }
  const journal = new SegmentedJournal({
    storage,
    epochKeys,
    segments: log.segments,
    segmentMaxBytes: options.segmentMaxBytes ?? DEFAULT_SEGMENT_MAX_BYTES,
    segmentMaxAgeMs: options.segmentMaxAgeMs ?? DEFAULT_SEGMENT_MAX_AGE_MS,
    publishedSize: () => publisher.size,
    onError,
  });
  return new OpenLedger({
    ...log,
    pruner: await EntryPruner.open(storage),
    probe: new WriteProbe(storage),
    publisher,
    partialTiles,
    journal,
    witnessing,
    release,
  });
}

function isHeldBack(error: unknown): boolean {
  return error instanceof LedgerError && error.code === 'quorum_missing';
}
