import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  formatAddCheckpoint,
  LedgerReader,
  openWitness,
  type OpenWitness,
  type WitnessingOptions,
} from '@spanledger/ledger';
import { parseVerificationKey } from '@spanledger/ledger/verify';
import { checkpointIn, LogCopy, sourceOf, type LogFiles } from './log-copy.ts';

/** Seconds since the epoch: the time at which the witness signs. */
const SIGNED_AT_S = 1_790_000_000;

/** It is in this process; on a machine that is busy it shall be waited for all the same. */
const TIMEOUT_MS = 60_000;

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
    const name = 'evaluation.spanledger.test/witness';
    return new EvaluationWitness(
      await openWitness({ directory, name, logs, now: () => SIGNED_AT_S * 1000 }),
      directory,
    );
  }

  /** The key that verifies its cosignatures. */
  get vkey(): string {
    return this.#opened.vkey;
  }

  /** Has a log show it every checkpoint before it is published, and publish none that it did not sign. */
  get witnessing(): WitnessingOptions {
    return {
      witnesses: [{ url: 'http://witness.invalid', vkey: this.vkey }],
      quorum: 1,
      whenMissing: 'hold',
      timeoutMs: TIMEOUT_MS,
      wallClock: () => SIGNED_AT_S * 1000,
      fetch: async (_url, init) => {
        if (typeof init?.body !== 'string') throw new TypeError('a request that is no text');
        const answer = await this.#opened.witness.addCheckpoint(Buffer.from(init.body));
        return new Response(answer.body, {
          status: answer.status,
          headers: { 'content-type': answer.contentType },
        });
      },
    };
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

  /** Has every checkpoint signed of a log that had no witness, in order, as it would have been when it published them. */
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
