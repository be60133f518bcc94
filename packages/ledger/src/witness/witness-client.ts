import { verifyCosignatures } from '../verify/cosignature.ts';
import { parseDecimal } from '../verify/encoding.ts';
import {
  formatNote,
  parseNote,
  parseSignatures,
  type NoteSignature,
  type NoteVerificationKey,
} from '../verify/note.ts';
import { ADD_CHECKPOINT_PATH, formatAddCheckpoint, SIZE_CONTENT_TYPE } from './add-checkpoint.ts';

/** How far a witness's clock may be from ours: what it signed a moment ago bears about this time, in seconds. */
export const MAX_CLOCK_SKEW_S = 600;

/** The longest answer that is read, in bytes. */
const MAX_ANSWER_BYTES = 64 * 1024;

/** A request that tells which size the witness has, and one with the right proof; then another writer is at work. */
const MAX_ATTEMPTS = 3;

/** Why a witness did not cosign. */
export type WitnessFailureCode =
  | 'unreachable'
  | 'timeout'
  | 'log_unknown'
  | 'signature_refused'
  | 'proof_refused'
  | 'log_behind'
  | 'contradicted'
  | 'busy'
  | 'failed'
  | 'answer_invalid';

/** Why a witness did not cosign. */
export interface WitnessFailure {
  code: WitnessFailureCode;
  /** One sentence, without a final stop. */
  detail: string;
  /** How long it asked to be left alone, in milliseconds. */
  retryAfterMs?: number;
}

/** What a witness answered. */
export type WitnessReply = { ok: true; line: NoteSignature } | { ok: false; failure: WitnessFailure };

/** What is to be cosigned. */
export interface CheckpointToCosign {
  /** The note, signed by the log. */
  note: string;
  size: number;
  /** Gives the consistency proof from an earlier size. */
  prove: (firstSize: number) => Promise<readonly Uint8Array[]>;
}

/** How a {@link WitnessClient} asks. */
export interface WitnessClientOptions {
  /** The submission prefix. */
  url: string;
  key: NoteVerificationKey;
  fetch: typeof fetch;
  /** Milliseconds since the epoch. */
  wallClock: () => number;
}

/** Asks one witness for cosignatures (C2SP tlog-witness). */
export class WitnessClient {
  readonly #url: string;
  readonly #options: WitnessClientOptions;
  /** The size that it cosigned last, as far as is known. */
  #knownSize = 0;

  constructor(options: WitnessClientOptions) {
    this.#options = options;
    this.#url = options.url.replace(/\/+$/, '') + ADD_CHECKPOINT_PATH;
  }

  /** The size that the witness has cosigned last, as far as is known. */
  get knownSize(): number {
    return this.#knownSize;
  }

  /**
   * Asks for a cosignature. Only one that verifies with the witness's key, over exactly this checkpoint and with a
   * time that can be right, is taken.
   *
   * @param signal ends the asking
   * @returns never rejects
   */
  async cosign(checkpoint: CheckpointToCosign, signal: AbortSignal): Promise<WitnessReply> {
    try {
      for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        const oldSize = Math.min(this.#knownSize, checkpoint.size);
        const reply = await this.#ask(checkpoint, oldSize, signal);
        if (typeof reply !== 'number') return reply;
        this.#knownSize = reply;
        if (reply > checkpoint.size) {
          return fail('log_behind', `it cosigned size ${reply} before, and is shown ${checkpoint.size}`);
        }
      }
      return fail('failed', 'the size that it cosigned last keeps changing');
    } catch (error) {
      if (signal.aborted) return fail('timeout', 'it did not answer in time');
      return fail('unreachable', describe(error));
    }
  }

  /** Asks once; a number is the size that the witness says it cosigned last. */
  async #ask(
    { note, size, prove }: CheckpointToCosign,
    oldSize: number,
    signal: AbortSignal,
  ): Promise<WitnessReply | number> {
    const body = formatAddCheckpoint({ oldSize, proof: await prove(oldSize), note });
    const response = await this.#options.fetch(this.#url, {
      method: 'POST',
      body,
      redirect: 'error',
      signal,
      headers: { 'content-type': 'text/plain; charset=utf-8' },
    });
    const text = await readText(response);
    if (response.status === 200) {
      const reply = this.#check(text, note);
      if (reply.ok) this.#knownSize = size;
      return reply;
    }
    if (response.status === 409 && response.headers.get('content-type') === SIZE_CONTENT_TYPE) {
      const told = text.endsWith('\n') ? parseDecimal(text.slice(0, -1)) : undefined;
      if (told === undefined || told === oldSize) {
        return fail('answer_invalid', 'it answered 409 with a size that is none, or that was given');
      }
      return told;
    }
    return { ok: false, failure: explain(response) };
  }

  /** Takes the witness's own line out of its answer. */
  #check(text: string, note: string): WitnessReply {
    const lines = parseSignatures(text);
    const signed = parseNote(note);
    if (!lines.ok || !signed.ok) return fail('answer_invalid', 'its answer is no signature lines');
    const { key, wallClock } = this.#options;
    const own = lines.value.filter(({ name, keyId }) => name === key.name && keyId === key.keyId);
    const { verified, invalid } = verifyCosignatures({ text: signed.value.text, signatures: own }, [key]);
    const [first] = verified;
    if (invalid.length > 0 || first === undefined) {
      return fail('answer_invalid', `its answer holds no cosignature by ${key.name} over this checkpoint`);
    }
    const skewS = first.timeS - wallClock() / 1000;
    if (Math.abs(skewS) > MAX_CLOCK_SKEW_S) {
      return fail('answer_invalid', `its clock is off by ${Math.round(skewS)} s`);
    }
    return { ok: true, line: first.line };
  }
}

/** A note with more lines under it; those of keys that signed it before are replaced. */
export function addLines(note: string, lines: readonly NoteSignature[]): string {
  const signed = parseNote(note);
  if (!signed.ok) throw new TypeError(`not a signed note: ${signed.detail}`);
  const { text, signatures } = signed.value;
  const kept = signatures.filter(
    (old) => !lines.some(({ name, keyId }) => name === old.name && keyId === old.keyId),
  );
  return formatNote(text, [...kept, ...lines]);
}

function explain(response: Response): WitnessFailure {
  switch (response.status) {
    case 404:
      return { code: 'log_unknown', detail: 'it does not watch this log (404)' };
    case 403:
      return { code: 'signature_refused', detail: "it does not know the log's key (403)" };
    case 409:
      return { code: 'contradicted', detail: 'it cosigned another root of this size before (409)' };
    case 422:
      return { code: 'proof_refused', detail: 'the log does not continue what it cosigned before (422)' };
    case 429:
    case 503:
      return { code: 'busy', detail: `it is busy (${response.status})`, ...retryAfter(response) };
    default:
      return {
        code: 'failed',
        detail: `it answered with status ${response.status}`,
        ...retryAfter(response),
      };
  }
}

/** Whole seconds; a date is taken for none. */
function retryAfter(response: Response): { retryAfterMs?: number } {
  const seconds = parseDecimal(response.headers.get('retry-after') ?? '');
  return seconds === undefined ? {} : { retryAfterMs: seconds * 1000 };
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    // Leaving the loop cancels the body.
    if (length > MAX_ANSWER_BYTES) throw new Error(`its answer has more than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function fail(code: WitnessFailureCode, detail: string): { ok: false; failure: WitnessFailure } {
  return { ok: false, failure: { code, detail } };
}

/** What fetch throws says little; its cause says what happened. */
function describe(error: unknown): string {
  let innermost: unknown = error;
  while (innermost instanceof Error && innermost.cause instanceof Error) innermost = innermost.cause;
  return innermost instanceof Error ? innermost.message : String(innermost);
}
