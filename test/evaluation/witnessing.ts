import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatAddCheckpoint, LedgerReader, openWitness, type OpenWitness } from '@spanledger/ledger';
import { parseVerificationKey } from '@spanledger/ledger/verify';
import { checkpointIn, LogCopy, sourceOf, type LogFiles } from './log-copy.ts';

/** Seconds since the epoch at which the witness begins; it signs a second later each time. */
const FIRST_TIME_S = 1_790_000_000;

/** A witness of logs that are being attacked: the product's own, asked as its clients ask it. */
export class EvaluationWitness {
  readonly #opened: OpenWitness;
  readonly #directory: string;

  private constructor(opened: OpenWitness, directory: string) {
    this.#opened = opened;
    this.#directory = directory;
  }

  /**
   * Opens a witness that has signed nothing yet.
   *
   * @param vkeys the keys of the logs that it watches
   */
  static async open(vkeys: readonly string[]): Promise<EvaluationWitness> {
    const directory = await mkdtemp(join(tmpdir(), 'spanledger-evaluation-'));
    const logs = vkeys.map((vkey) => {
      const key = parseVerificationKey(vkey);
      if (!key.ok) throw new TypeError(key.detail);
      return { origin: key.value.name, keys: [key.value] };
    });
    let timeS = FIRST_TIME_S;
    const name = 'evaluation.spanledger.test/witness';
    return new EvaluationWitness(
      await openWitness({ directory, name, logs, now: () => timeS++ * 1000 }),
      directory,
    );
  }

  /** The key that verifies its cosignatures. */
  get vkey(): string {
    return this.#opened.vkey;
  }

  /** What it signed last of a log, as it tells everybody who asks. */
  latest(origin: string): string {
    return this.#opened.witness.latest(origin) ?? '';
  }

  /**
   * Asks it to sign.
   *
   * @param files the log, which gives the proof where it can
   * @returns the note with its cosignature; undefined where it refuses
   */
  async ask(note: string, files: LogFiles): Promise<string | undefined> {
    const { origin, size } = checkpointIn(note);
    const latest = this.latest(origin);
    const oldSize = latest === '' ? 0 : checkpointIn(latest).size;
    const log = new LedgerReader(sourceOf(files));
    const proof = oldSize > 0 && oldSize < size ? await log.consistencyProof(oldSize, size) : [];
    const request = formatAddCheckpoint({ oldSize: Math.min(oldSize, size), proof, note });
    const { status, body } = await this.#opened.witness.addCheckpoint(Buffer.from(request));
    return status === 200 ? `${note}${body}` : undefined;
  }

  /** Has every checkpoint of a log signed, in order, as the log would have had them when it published them. */
  async cosign(files: LogFiles): Promise<LogFiles> {
    const copy = new LogCopy(files);
    const notes: string[] = [];
    for (const note of copy.notes()) {
      // Of the empty log nothing is worth a signature.
      const signed = checkpointIn(note).size === 0 ? note : await this.ask(note, files);
      if (signed === undefined) throw new Error('the witness refused a checkpoint that the log published');
      notes.push(signed);
    }
    copy.publish(notes);
    return copy.files;
  }

  /** Lets go of it and of what it remembers. */
  async close(): Promise<void> {
    await this.#opened.close();
    await rm(this.#directory, { recursive: true, force: true });
  }
}
