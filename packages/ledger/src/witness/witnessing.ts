import { LedgerError } from '../errors.ts';
import { computeConsistencyProof } from '../verify/proof.ts';
import { tileHashReader } from '../verify/tile-hashes.ts';
import type { TileSource } from '../verify/tile.ts';
import type { PublishedCheckpoint } from '../publish/checkpoint-store.ts';
import { WitnessGroup, type WitnessingOptions, type WitnessingStatus } from './witness-group.ts';

/** The witnesses of a log that publishes: asks them, and knows whether what they signed is enough. */
export class Witnessing {
  readonly #group: WitnessGroup;
  readonly #tiles: TileSource;
  readonly #holds: boolean;

  /**
   * @param tiles of the log, from which it is shown that a checkpoint continues another
   * @param now milliseconds of a clock that only moves forward
   * @throws TypeError if keys or quorum are impossible
   */
  constructor(options: WitnessingOptions, tiles: TileSource, now: () => number) {
    this.#group = new WitnessGroup(options, now);
    this.#tiles = tiles;
    this.#holds = options.whenMissing === 'hold';
  }

  /** How it stands with them. */
  get status(): WitnessingStatus {
    return this.#group.status;
  }

  /** Whether the checkpoint that was shown last lacks cosignatures. */
  get isMissing(): boolean {
    return !this.status.isEnough;
  }

  /** Asks no more. */
  close(): void {
    this.#group.close();
  }

  /** Takes note of a checkpoint that the log shows. */
  noteShown({ note }: PublishedCheckpoint): void {
    this.#group.noteShown(note);
  }

  /**
   * Gathers cosignatures. Everything that the checkpoint covers must be durable: a witness does not let it be taken
   * back.
   *
   * @returns the checkpoint with those that came in time
   * @throws LedgerError `quorum_missing` if it is to be held back for want of them
   */
  async cosign(checkpoint: PublishedCheckpoint): Promise<PublishedCheckpoint> {
    const { size } = checkpoint;
    const read = tileHashReader(this.#tiles, size);
    const { note, signed, isEnough } = await this.#group.cosign({
      note: checkpoint.note,
      size,
      prove: (firstSize) => computeConsistencyProof(firstSize, size, read),
    });
    if (isEnough || !this.#holds) return { ...checkpoint, note };
    const message = `the checkpoint of size ${size} is held back: ${signed} of ${this.status.quorum} witnesses signed it`;
    throw new LedgerError('quorum_missing', message, {
      hint: 'All acknowledged records are in the journal; it is tried again. See to the witnesses.',
    });
  }
}
