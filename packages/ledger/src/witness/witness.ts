import type { Cosigner } from '../cosigner.ts';
import { SerialQueue } from '../serial-queue.ts';
import type { SignedCheckpoint } from '../verify/checkpoint.ts';
import { decodeUtf8, equalBytes } from '../verify/encoding.ts';
import {
  formatNote,
  formatSignatures,
  verifyNote,
  type NoteSignature,
  type NoteVerificationKey,
} from '../verify/note.ts';
import { EMPTY_ROOT, verifyConsistency } from '../verify/tree.ts';
import { parseAddCheckpoint, SIZE_CONTENT_TYPE } from './add-checkpoint.ts';
import type { WitnessState } from './witness-state.ts';

/** A log that a witness watches. */
export interface WatchedLog {
  /** The first line of its checkpoints. */
  origin: string;
  /** The keys that it signs with; one good signature is enough. */
  keys: readonly NoteVerificationKey[];
}

/** What a witness answers, as HTTP has it. */
export interface WitnessAnswer {
  status: number;
  contentType: string;
  body: string;
  /** What happened, for whoever runs the witness. */
  event: WitnessEvent;
}

/** What happened to a request. */
export interface WitnessEvent {
  /**
   * - `signed`: cosigned;
   * - `refused`: an ordinary no, to be told the client;
   * - `contradiction`: a log signed two roots of one size;
   * - `failed`: the state could not be written.
   */
  kind: 'signed' | 'refused' | 'contradiction' | 'failed';
  /** One sentence. */
  detail: string;
  /** The log; absent where the request names none that is watched. */
  origin?: string;
  size?: number;
  /** Of a contradiction: the log's signed checkpoint, which proves it together with the one that was cosigned. */
  note?: string;
  /** Of a failure: what was thrown. */
  error?: unknown;
}

/** The most requests that wait for their turn at once. */
export const MAX_WAITING_REQUESTS = 256;

const TEXT = 'text/plain; charset=utf-8';

/** What a {@link Witness} is made of. */
export interface WitnessOptions {
  cosigner: Cosigner;
  logs: readonly WatchedLog[];
  state: WitnessState;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/**
 * Cosigns checkpoints of logs (C2SP tlog-witness, tlog-cosignature): of each log only one that continues what it
 * cosigned before. It remembers durably before it answers, so that neither a crash nor a second request at the same
 * time ever makes it sign two roots of one size, or a smaller size than before.
 */
export class Witness {
  readonly #cosigner: Cosigner;
  readonly #logs: ReadonlyMap<string, WatchedLog>;
  readonly #state: WitnessState;
  readonly #now: () => number;
  readonly #queue = new SerialQueue();
  #waiting = 0;

  /** @throws TypeError if an origin would be taken for a signature line where notes stand one after the other */
  constructor({ cosigner, logs, state, now }: WitnessOptions) {
    if (logs.some(({ origin }) => origin.startsWith('\u2014 ')))
      throw new TypeError('an origin begins with a dash');
    this.#cosigner = cosigner;
    this.#logs = new Map(logs.map((log) => [log.origin, log]));
    this.#state = state;
    this.#now = now;
  }

  /** The note that was cosigned last of a log; undefined for none. */
  latest(origin: string): string | undefined {
    return this.#state.get(origin)?.note;
  }

  /** The logs of which something was cosigned. */
  get origins(): string[] {
    return this.#state.origins;
  }

  /** Answers an add-checkpoint request; never rejects. */
  async addCheckpoint(body: Uint8Array): Promise<WitnessAnswer> {
    const text = decodeUtf8(body);
    const request = text === undefined ? undefined : parseAddCheckpoint(text);
    if (request?.ok !== true) {
      return refuse(400, `The request cannot be read: ${request?.detail ?? 'it is not valid UTF-8'}.`);
    }
    const { signed, proof, oldSize } = request.value;
    const { origin, size } = signed.checkpoint;
    const log = this.#logs.get(origin);
    if (log === undefined) return refuse(404, 'This witness does not know a log of that origin.');
    const { verified, invalid } = verifyNote(signed.note, log.keys);
    if (invalid.length > 0 || verified.length === 0) {
      return refuse(403, 'The checkpoint is not signed by a key of the log.', { origin, size });
    }
    if (oldSize > size)
      return refuse(400, `The old size ${oldSize} is larger than ${size}.`, { origin, size });
    if (this.#waiting >= MAX_WAITING_REQUESTS)
      return refuse(429, 'Too many requests wait.', { origin, size });
    this.#waiting++;
    try {
      // One after the other: between comparing with the state and replacing it nothing may come in between.
      return await this.#queue.run(() => this.#cosign(signed, verified, oldSize, proof));
    } finally {
      this.#waiting--;
    }
  }

  async #cosign(
    { checkpoint, note }: SignedCheckpoint,
    logSignatures: readonly NoteSignature[],
    oldSize: number,
    proof: readonly Uint8Array[],
  ): Promise<WitnessAnswer> {
    const { origin, size, root } = checkpoint;
    const last = this.#state.get(origin);
    const first = { size: last?.size ?? 0, root: last?.root ?? EMPTY_ROOT };
    const place = { origin, size };
    if (size === first.size && !equalBytes(root, first.root)) {
      const detail = `The log signed another root of size ${size} than the one that was cosigned.`;
      const event: WitnessEvent = {
        kind: 'contradiction',
        detail,
        ...place,
        note: formatNote(note.text, logSignatures),
      };
      const reply = oldSize === size ? refuse(409, detail) : tellSize(first.size);
      return { ...reply, event };
    }
    if (oldSize !== first.size) return tellSize(first.size, place);
    if (!verifyConsistency({ first, second: { size, root }, hashes: proof })) {
      return refuse(422, `The proof does not lead from size ${first.size} to this checkpoint.`, place);
    }
    // A clock that was set back does not make a later statement an earlier one.
    const timeS = Math.max(Math.floor(this.#now() / 1000), last?.timeS ?? 0);
    const line = this.#cosigner.cosign(note.text, timeS);
    try {
      await this.#state.put(origin, {
        note: formatNote(note.text, [...logSignatures, line]),
        size,
        root,
        timeS,
      });
    } catch (error) {
      const detail = 'The state could not be written, so nothing was signed.';
      return {
        status: 500,
        contentType: TEXT,
        body: `${detail}\n`,
        event: { kind: 'failed', detail, ...place, error },
      };
    }
    const event: WitnessEvent = { kind: 'signed', detail: `Cosigned size ${size}.`, ...place };
    return { status: 200, contentType: TEXT, body: formatSignatures([line]), event };
  }
}

function refuse(
  status: number,
  detail: string,
  place: { origin?: string; size?: number } = {},
): WitnessAnswer {
  return { status, contentType: TEXT, body: `${detail}\n`, event: { kind: 'refused', detail, ...place } };
}

/** 409 as tlog-witness has it where the old size is not the one that was cosigned last. */
function tellSize(size: number, place: { origin?: string; size?: number } = {}): WitnessAnswer {
  const { status, event } = refuse(409, `Size ${size} was cosigned last.`, place);
  return { status, contentType: SIZE_CONTENT_TYPE, body: `${size}\n`, event };
}
