import type { EntryBatch } from '@spanledger/record';
import { Committer, type Appended } from './append/committer.ts';
import { LedgerError } from './errors.ts';
import type { EntryPruner } from './integrate/entry-pruner.ts';
import type { Integrator } from './integrate/integrator.ts';
import type { SegmentedJournal } from './journal/journal.ts';
import type { WriteProbe } from './journal/write-probe.ts';
import type { KeyRing } from './keys/key-ring.ts';
import { KeyRotation } from './keys/key-rotation.ts';
import type { Ledger, LedgerSizes } from './ledger.ts';
import type { PartialTiles } from './publish/partial-tiles.ts';
import type { Publisher } from './publish/publisher.ts';
import type { LogParts } from './recovery.ts';
import { TILE_WIDTH } from './verify/tile.ts';
import type { WitnessingStatus } from './witness/witness-group.ts';
import type { Witnessing } from './witness/witnessing.ts';

/** What an {@link OpenLedger} is made of. */
export interface LedgerParts extends Pick<LogParts, 'integrator' | 'tail' | 'ring' | 'keyFile'> {
  publisher: Publisher;
  partialTiles: PartialTiles;
  pruner: EntryPruner;
  probe: WriteProbe;
  journal: SegmentedJournal;
  witnessing: Witnessing | undefined;
  /** Lets go of the storage. */
  release: () => Promise<void>;
}

/** A ledger's parts, joined: what is appended goes to the journal, from there to the tiles, and is published. */
export class OpenLedger implements Ledger {
  readonly origin: string;
  readonly journal: SegmentedJournal;
  readonly keys: KeyRotation;
  readonly #ring: KeyRing;
  readonly #committer: Committer;
  readonly #integrator: Integrator;
  readonly #publisher: Publisher;
  readonly #partialTiles: PartialTiles;
  readonly #pruner: EntryPruner;
  readonly #probe: WriteProbe;
  readonly #witnessing: Witnessing | undefined;
  readonly #release: () => Promise<void>;
  #closed: Promise<void> | undefined;

  constructor(parts: LedgerParts) {
    const { ring, keyFile, integrator, publisher, partialTiles, probe, journal, release, tail } = parts;
    this.origin = ring.origin;
    this.#ring = ring;
    this.journal = journal;
    this.#integrator = integrator;
    this.#publisher = publisher;
    this.#partialTiles = partialTiles;
    this.#pruner = parts.pruner;
    this.#probe = probe;
    this.#witnessing = parts.witnessing;
    this.#release = release;
    this.keys = new KeyRotation({
      ring,
      keyFile,
      published: () => publisher,
      exclusively: (work) => publisher.exclusively(work),
    });
    this.#committer = new Committer({
      origin: ring.origin,
      tail,
      write: async (frame, how) => {
        await journal.append(frame, how);
        probe.worked();
      },
      streamsFromBytes: journal.streamsFromBytes,
      onFailed: (error) => {
        probe.failed(error);
      },
      onDurable: (group) => {
        const { first, bundleEnds } = group;
        integrator.add({ first, entries: group.entries.view, bundleEnds, hashes: group.hashes.view });
        publisher.wake();
        // So that the tiles of a whole interval are not left to the publisher.
        void integrator.flush();
      },
      unintegratedBytes: () => integrator.waitingBytes,
      catchUp: () => integrator.catchUp(),
    });
  }

  get vkey(): string {
    return this.#ring.newest.vkey;
  }

  append(batch: EntryBatch): Promise<Appended> {
    if (this.#closed !== undefined) {
      return Promise.reject(new LedgerError('ledger_closed', 'the ledger was closed'));
    }
    return this.#committer.append(batch);
  }

  hasRoom(sizeBytes: number): boolean {
    return this.#committer.hasRoom(sizeBytes);
  }

  barrier(): Promise<void> {
    return this.#committer.barrier();
  }

  sizes(): LedgerSizes {
    return {
      sequenced: this.#committer.sequenced,
      durable: this.#committer.durable,
      integrated: this.#integrator.integrated,
      published: this.#publisher.size,
    };
  }

  trouble(): LedgerError | undefined {
    return this.#probe.failure ?? this.#publisher.failure;
  }

  witnessing(): WitnessingStatus | undefined {
    return this.#witnessing?.status;
  }

  checkpoint(): string {
    return this.#publisher.note;
  }

  published(size: number, signal?: AbortSignal): Promise<void> {
    return this.#publisher.published(size, signal);
  }

  hasten(): void {
    this.#publisher.hasten();
  }

  minimumIndex(): number {
    return this.#pruner.minimumIndex;
  }

  async prune(minimumIndex: number): Promise<void> {
    if (this.#closed !== undefined) throw new LedgerError('ledger_closed', 'the ledger was closed');
    const isPossible = Number.isSafeInteger(minimumIndex) && minimumIndex % TILE_WIDTH === 0;
    if (!isPossible || minimumIndex < this.minimumIndex() || minimumIndex > this.#publisher.size) {
      throw new LedgerError('out_of_range', `the log cannot be pruned up to entry ${minimumIndex}`);
    }
    await this.#pruner.prune(minimumIndex);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await this.#committer.idle();
    try {
      await this.#publisher.publishNow();
    } finally {
      await this.#publisher.close();
      await this.#partialTiles.close();
      await this.#pruner.close();
      await this.#probe.close();
      try {
        await this.journal.close();
      } finally {
        await this.#release();
      }
    }
  }
}
