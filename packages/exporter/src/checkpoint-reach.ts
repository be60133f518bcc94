import type { LedgerReader } from '@spanledger/ledger';
import { parseSignedCheckpoint } from '@spanledger/ledger/verify';

import { ExporterError } from './errors.ts';

/** The most checkpoints whose reach is remembered. */
const MAX_REMEMBERED_CHECKPOINTS = 1024;

/** Which checkpoint covers an entry first: `audit.integrity.checkpoint_size`. It never changes. */
export class CheckpointReach {
  readonly #log: Pick<LedgerReader, 'checkpointCovering'>;
  /** Reaches that were looked up before, newest first. */
  #known: { from: number; size: number }[] = [];

  constructor(log: Pick<LedgerReader, 'checkpointCovering'>) {
    this.#log = log;
  }

  /** @returns the size of that checkpoint, if that is known without looking */
  knownSize(index: number): number | undefined {
    return this.#known.find(({ from, size }) => index >= from && index < size)?.size;
  }

  /**
   * The size of that checkpoint.
   *
   * @throws ExporterError `ledger_damaged`; LedgerError `out_of_range` for what is not published
   */
  async size(index: number): Promise<number> {
    const known = this.knownSize(index);
    if (known !== undefined) return known;
    const signed = parseSignedCheckpoint(await this.#log.checkpointCovering(index));
    if (!signed.ok) {
      const hint = "run 'spanledger verify': it names every file that is damaged";
      throw new ExporterError('ledger_damaged', `A checkpoint cannot be read: ${signed.detail}`, { hint });
    }
    const { size } = signed.value.checkpoint;
    // Every entry between this one and the checkpoint has the same one as its first.
    this.#known.unshift({ from: index, size });
    this.#known = this.#known.slice(0, MAX_REMEMBERED_CHECKPOINTS);
    return size;
  }
}
