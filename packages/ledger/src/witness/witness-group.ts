import { equalBytes } from '../verify/encoding.ts';
import {
  parseNote,
  parseVerificationKey,
  type NoteSignature,
  type NoteVerificationKey,
} from '../verify/note.ts';
import {
  addLines,
  WitnessClient,
  type CheckpointToCosign,
  type WitnessFailure,
  type WitnessReply,
} from './witness-client.ts';

/** The longest time that publishing waits for witnesses, in milliseconds, if nothing else is asked for. */
export const DEFAULT_WITNESS_TIMEOUT_MS = 300;

/** The most witnesses of a log. */
export const MAX_WITNESSES = 32;

/** The shortest and the longest time for which a witness that failed is left alone. */
const MIN_BACK_OFF_MS = 1_000;
const MAX_BACK_OFF_MS = 30_000;

/** Which witnesses a log asks, and what is enough. */
export interface WitnessingOptions {
  /** Each with its submission prefix and its key, a vkey of type 0x04. */
  witnesses: readonly { url: string; vkey: string }[];
  /** How many cosignatures are enough: from 1 to the number of witnesses. */
  quorum: number;
  /** How long publishing waits for them, in milliseconds; 300 if not given. */
  timeoutMs?: number;
  /** What is done without enough: the checkpoint is published all the same (if not given), or held back. */
  whenMissing?: 'publish' | 'hold';
  /** Told when a witness fails, fails for another reason, or is good again. */
  onChange?: (status: WitnessStatus) => void;
  /** What is called instead of the global `fetch`. */
  fetch?: typeof fetch;
  /** Milliseconds since the epoch; `Date.now` if not given. */
  wallClock?: () => number;
}

/** How it stands with one witness. */
export interface WitnessStatus {
  name: string;
  url: string;
  /** The size that it cosigned last, as far as is known. */
  size: number;
  /** Whether it answers as it should. */
  isGood: boolean;
  /** Why not; absent where it does, or was not asked yet. */
  failure?: WitnessFailure;
}

/** How it stands with the witnesses of a log. */
export interface WitnessingStatus {
  /** How many cosigned the checkpoint that was shown last. */
  signed: number;
  quorum: number;
  /** Whether these are enough. */
  isEnough: boolean;
  witnesses: WitnessStatus[];
}

/** A checkpoint with the cosignatures that came in time. */
export interface CosignedNote {
  note: string;
  /** How many of the witnesses signed it. */
  signed: number;
  /** Whether as many witnesses signed as are demanded. */
  isEnough: boolean;
}

/** A witness, and how it fared. */
interface Member {
  url: string;
  key: NoteVerificationKey;
  client: WitnessClient;
  failures: number;
  failure: WitnessFailure | undefined;
  /** By the clock that only moves forward, when it may be asked again. */
  retryAt: number;
  /** It is being asked, whether or not anybody waits for it. */
  isAsked: boolean;
}

/**
 * Asks the witnesses of a log. All are asked at once, and waited for no longer than the timeout. One that failed is
 * left alone for a while, and then asked without anybody waiting until it has answered in time again: however long a
 * witness is dead or slow, it delays one checkpoint.
 */
export class WitnessGroup {
  readonly #members: Member[];
  readonly #quorum: number;
  readonly #timeoutMs: number;
  readonly #now: () => number;
  readonly #onChange: (status: WitnessStatus) => void;
  readonly #closed = new AbortController();
  #signed = 0;

  /**
   * @param now milliseconds of a clock that only moves forward
   * @throws TypeError if a key cannot be read, is given twice, or the quorum cannot be reached
   */
  constructor(options: WitnessingOptions, now: () => number) {
    const { witnesses, quorum, timeoutMs = DEFAULT_WITNESS_TIMEOUT_MS, wallClock = Date.now } = options;
    if (witnesses.length > MAX_WITNESSES) throw new TypeError(`a log has at most ${MAX_WITNESSES} witnesses`);
    if (!Number.isInteger(quorum) || quorum < 1 || quorum > witnesses.length) {
      throw new TypeError(`a quorum of ${quorum} among ${witnesses.length} witnesses`);
    }
    if (!(timeoutMs > 0)) throw new TypeError(`witnesses have ${timeoutMs} ms`);
    this.#quorum = quorum;
    this.#timeoutMs = timeoutMs;
    this.#now = now;
    this.#onChange = options.onChange ?? (() => undefined);
    this.#members = witnesses.map(({ url, vkey }) => {
      const key = readKey(vkey);
      const client = new WitnessClient({ url, key, fetch: options.fetch ?? fetch, wallClock });
      return { url, key, client, failures: 0, failure: undefined, retryAt: 0, isAsked: false };
    });
    const keys = this.#members.map(({ key }) => key.publicKey);
    if (keys.some((key, i) => keys.slice(0, i).some((other) => equalBytes(key, other)))) {
      throw new TypeError('two witnesses have the same key');
    }
  }

  /** How it stands; `signed` is about the checkpoint that was shown last. */
  get status(): WitnessingStatus {
    return {
      signed: this.#signed,
      quorum: this.#quorum,
      isEnough: this.#signed >= this.#quorum,
      witnesses: this.#members.map(statusOf),
    };
  }

  /** Takes note of a checkpoint that the log shows. */
  noteShown(note: string): void {
    this.#signed = this.#count(note);
  }

  /**
   * Gathers cosignatures for a checkpoint, of those whose line it does not bear yet.
   *
   * @returns with those that came in time; never rejects
   */
  async cosign(checkpoint: CheckpointToCosign): Promise<CosignedNote> {
    const now = this.#now();
    const lines: NoteSignature[] = [];
    const waited: Promise<void>[] = [];
    for (const member of this.#members) {
      if (member.isAsked || member.retryAt > now || bears(checkpoint.note, member.key)) continue;
      const asking = this.#ask(member, checkpoint).then((reply) => {
        if (reply.ok) lines.push(reply.line);
      });
      // One that failed must first have answered in time with nobody waiting for it.
      if (member.failures === 0) waited.push(asking);
    }
    await Promise.all(waited);
    const note = lines.length === 0 ? checkpoint.note : addLines(checkpoint.note, lines);
    const signed = this.#count(note);
    return { note, signed, isEnough: signed >= this.#quorum };
  }

  /** Ends what is under way, whether or not anybody waits for it. */
  close(): void {
    this.#closed.abort();
  }

  #count(note: string): number {
    return this.#members.filter(({ key }) => bears(note, key)).length;
  }

  async #ask(member: Member, checkpoint: CheckpointToCosign): Promise<WitnessReply> {
    member.isAsked = true;
    const signal = AbortSignal.any([AbortSignal.timeout(this.#timeoutMs), this.#closed.signal]);
    const reply = await member.client.cosign(checkpoint, signal);
    member.isAsked = false;
    if (this.#closed.signal.aborted) return reply;
    const before = member.failure?.code;
    if (reply.ok) {
      member.failures = 0;
      member.failure = undefined;
    } else {
      member.failures++;
      member.failure = reply.failure;
      const pauseMs = MIN_BACK_OFF_MS * 2 ** Math.min(member.failures - 1, 10);
      member.retryAt =
        this.#now() + Math.min(MAX_BACK_OFF_MS, Math.max(pauseMs, reply.failure.retryAfterMs ?? 0));
    }
    if (before !== member.failure?.code) this.#onChange(statusOf(member));
    return reply;
  }
}

function statusOf({ url, key, client, failures, failure }: Member): WitnessStatus {
  const { name } = key;
  const size = client.knownSize;
  return { name, url, size, isGood: failures === 0, ...(failure !== undefined && { failure }) };
}

/** Whether a note has a line of a witness; what has one here got it from us, or from the log's own files. */
function bears(note: string, { name, keyId }: NoteVerificationKey): boolean {
  const signed = parseNote(note);
  return signed.ok && signed.value.signatures.some((line) => line.name === name && line.keyId === keyId);
}

function readKey(vkey: string): NoteVerificationKey {
  const key = parseVerificationKey(vkey, 'cosignature');
  if (!key.ok) throw new TypeError(`not the key of a witness: ${vkey}: ${key.detail}`);
  return key.value;
}
