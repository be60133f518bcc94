import type { LogTail } from './append/committer.ts';
import { LedgerMember } from './append/ledger-member.ts';
import { LedgerError } from './errors.ts';
import { Integrator } from './integrate/integrator.ts';
import { readTreeEdge } from './integrate/tree-edge.ts';
import type { EpochKeys } from './journal/epoch-keys.ts';
import { entriesOf, splitEntries } from './journal/frame.ts';
import { recoverSegments } from './journal/recovery.ts';
import type { ReadFrame, Segment } from './journal/segment.ts';
import { KeyRing } from './keys/key-ring.ts';
import type { KeyFile } from './keys/key-rotation.ts';
import { CheckpointStore, type PublishedCheckpoint } from './publish/checkpoint-store.ts';
import type { NoteSigner } from './signer.ts';
import type { WritableStorage } from './storage/storage.ts';
import { LOG_FOLDER, storageTiles } from './storage/tiles.ts';
import { concatBytes, encodeHex, equalBytes } from './verify/encoding.ts';
import { KEYS_PATH } from './verify/key-history.ts';
import { TILE_WIDTH } from './verify/tile.ts';
import { hashLeaf } from './verify/tree.ts';

/** What {@link recoverLog} needs. */
export interface LogOptions {
  storage: WritableStorage;
  signer: NoteSigner;
  /** Further keys of the log that are held. */
  signers: readonly NoteSigner[];
  epochKeys: EpochKeys;
}

/** A log, read and ready to be appended to. */
export interface LogParts {
  integrator: Integrator;
  store: CheckpointStore;
  ring: KeyRing;
  keyFile: KeyFile;
  /** What is published; undefined for a new log. */
  last: PublishedCheckpoint | undefined;
  /** The durable end. */
  tail: LogTail;
  segments: Segment[];
}

/**
 * Brings a log in order after a crash, or lays out a new one. The published checkpoint is the base truth: its tiles
 * were durable before it was signed, and must lead to its root. The journal holds all that became durable since; it is
 * integrated again, as if for the first time.
 */
export async function recoverLog(options: LogOptions): Promise<LogParts> {
  const { storage, signer, signers, epochKeys } = options;
  const keyFile = keyFileOn(storage);
  const ring = new KeyRing([signer, ...signers], await keyFile.read());
  const store = new CheckpointStore(storage, ring);
  const last = await store.recover();
  const edge = await readTreeEdge(storageTiles(storage), last?.size ?? 0);
  const integrator = new Integrator(storage, edge);
  if (last !== undefined && !equalBytes(integrator.root, last.root)) {
    throw new LedgerError(
      'ledger_damaged',
      `the tiles in ${LOG_FOLDER}/ do not lead to the published checkpoint`,
      {
        hint: 'A tile was changed: `spanledger verify` names it. Restore the ledger directory from a copy.',
      },
    );
  }
  const replay = new Replay(integrator, signer.origin, {
    size: edge.size,
    hash: edge.lastHash === undefined ? undefined : encodeHex(edge.lastHash),
  });
  const segments = await recoverSegments({
    storage,
    epochKeys,
    publishedSize: edge.size,
    onFrame: (frame) => replay.add(frame),
  });
  return { integrator, store, ring, keyFile, last, tail: replay.tail, segments };
}

function keyFileOn(storage: WritableStorage): KeyFile {
  const name = `${LOG_FOLDER}/${KEYS_PATH}`;
  return {
    read: async () => (await storage.read(name))?.toString('utf8'),
    write: (text) => storage.put([{ name, bytes: Buffer.from(text) }]),
  };
}

/** Integrates what the journal holds beyond the published checkpoint. */
class Replay {
  readonly #integrator: Integrator;
  readonly #member: LedgerMember;
  #tail: LogTail;

  constructor(integrator: Integrator, origin: string, tail: LogTail) {
    this.#integrator = integrator;
    this.#member = new LedgerMember(origin);
    this.#tail = tail;
  }

  /** The end of what was integrated. */
  get tail(): LogTail {
    return this.#tail;
  }

  add({ header, bytes }: ReadFrame): void {
    const entries = splitEntries(entriesOf(header, bytes)).slice(Math.max(0, this.#tail.size - header.first));
    if (entries.length === 0) return;
    const { size: first } = this.#tail;
    const hashes = entries.map((entry) => this.#hash(entry));
    const stretch = bundled(entries);
    const bundleEnds = entries
      .filter((_, i) => (first + i + 1) % TILE_WIDTH === 0)
      .map(({ byteOffset, length }) => byteOffset + length - stretch.byteOffset);
    this.#integrator.add({ first, entries: stretch, bundleEnds, hashes: concatBytes(hashes) });
  }

  /** Hashes the next entry, once it is sure that it belongs there. */
  #hash(entry: Buffer): Uint8Array {
    const { size, hash: previous } = this.#tail;
    if (!entry.includes(this.#member.text(size, previous))) {
      throw new LedgerError(
        'journal_damaged',
        `entry ${size} in the journal does not follow the entry before it`,
        {
          hint: 'Journal and ledger directory do not belong together, or the origin was changed.',
        },
      );
    }
    const hash = hashLeaf(entry);
    this.#tail = { size: size + 1, hash: encodeHex(hash) };
    return hash;
  }
}

function bundled(entries: readonly Buffer[]): Buffer {
  const first = entries[0];
  const last = entries.at(-1);
  if (first === undefined || last === undefined) return Buffer.alloc(0);
  // They stand in one frame, each behind its length: what is wanted is the whole stretch.
  return Buffer.from(
    first.buffer,
    first.byteOffset - 2,
    last.byteOffset + last.length - first.byteOffset + 2,
  );
}
