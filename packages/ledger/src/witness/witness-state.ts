import { LedgerError } from '../errors.ts';
import type { WritableStorage } from '../storage/storage.ts';
import { parseSignedCheckpoint, type Checkpoint } from '../verify/checkpoint.ts';
import { verifyCosignatures } from '../verify/cosignature.ts';
import { decodeUtf8 } from '../verify/encoding.ts';
import { splitNotes } from '../verify/history-file.ts';
import type { NoteVerificationKey } from '../verify/note.ts';

/** The state's file in the witness's directory. */
export const STATE_FILE = 'cosigned';

/** The last checkpoint of a log that was cosigned. */
export interface CosignedCheckpoint extends Pick<Checkpoint, 'size' | 'root'> {
  /** With the log's signatures and the witness's own. */
  note: string;
  /** When it was cosigned, in seconds since the epoch. */
  timeS: number;
}

/**
 * What a witness has cosigned last of each log: its whole memory. The file holds these checkpoints one after the other,
 * each a signed note with the witness's own cosignature, so that nobody else can have written it. It is replaced in
 * one step, and what {@link put} has resolved for survives a power cut.
 */
export class WitnessState {
  readonly #storage: WritableStorage;
  readonly #last: Map<string, CosignedCheckpoint>;

  private constructor(storage: WritableStorage, last: Map<string, CosignedCheckpoint>) {
    this.#storage = storage;
    this.#last = last;
  }

  /**
   * Reads the state.
   *
   * @param key the witness's
   * @throws LedgerError `witness_state_missing`, `witness_state_damaged`
   */
  static async open(storage: WritableStorage, key: NoteVerificationKey): Promise<WitnessState> {
    const bytes = await storage.read(STATE_FILE);
    if (bytes === undefined) {
      throw new LedgerError(
        'witness_state_missing',
        `the file ${STATE_FILE} of the witness ${key.name} is missing`,
        {
          hint:
            'Without it the witness could sign another state of a log than it did before. Restore it as it was last; ' +
            'if its key has signed nothing yet, create it as an empty file.',
        },
      );
    }
    return new WitnessState(storage, parseState(decodeUtf8(bytes), key));
  }

  /** Writes the state of a witness that has cosigned nothing. */
  static async create(storage: WritableStorage): Promise<void> {
    await storage.put([{ name: STATE_FILE, bytes: new Uint8Array() }]);
  }

  /** What was cosigned last of a log; undefined for nothing. */
  get(origin: string): CosignedCheckpoint | undefined {
    return this.#last.get(origin);
  }

  /** All logs of which something was cosigned. */
  get origins(): string[] {
    return [...this.#last.keys()];
  }

  /** Replaces what was cosigned last. If it rejects, the old state or the new one is on the disk. */
  async put(origin: string, checkpoint: CosignedCheckpoint): Promise<void> {
    const next = new Map(this.#last).set(origin, checkpoint);
    const notes = [...next.values()].map(({ note }) => note).join('');
    await this.#storage.put([{ name: STATE_FILE, bytes: Buffer.from(notes) }]);
    this.#last.set(origin, checkpoint);
  }
}

function parseState(text: string | undefined, key: NoteVerificationKey): Map<string, CosignedCheckpoint> {
  const { notes, rest } = splitNotes(text ?? '');
  if (text === undefined || rest !== '') throw damaged('it holds something that is no signed note');
  const last = new Map<string, CosignedCheckpoint>();
  for (const note of notes) {
    const signed = parseSignedCheckpoint(note);
    if (!signed.ok) throw damaged(`a checkpoint in it cannot be read: ${signed.detail}`);
    const { origin, size, root } = signed.value.checkpoint;
    const [own] = verifyCosignatures(signed.value.note, [key]).verified;
    if (own === undefined) throw damaged(`the checkpoint of ${origin} is not signed by ${key.name}`);
    if (last.has(origin)) throw damaged(`it holds two checkpoints of ${origin}`);
    last.set(origin, { note, size, root, timeS: own.timeS });
  }
  return last;
}

function damaged(detail: string): LedgerError {
  return new LedgerError('witness_state_damaged', `the file ${STATE_FILE} of the witness: ${detail}`, {
    hint: 'It was changed, or belongs to another key. Restore it as it was last: an older one lets a log go back.',
  });
}
