/**
 * C2SP tlog-witness: the body of an add-checkpoint request.
 *
 *     old <size of the checkpoint that the witness cosigned last, decimal>
 *     <base64 hash of the consistency proof> ...
 *     <empty line>
 *     <the new checkpoint, a signed note>
 */
import { parseSignedCheckpoint, type SignedCheckpoint } from '../verify/checkpoint.ts';
import { decodeBase64, encodeBase64, parseDecimal } from '../verify/encoding.ts';
import { malformed, parsed, type Parsed } from '../verify/parsed.ts';
import { HASH_BYTES } from '../verify/tile.ts';
import { MAX_PROOF_HASHES } from '../verify/tlog-proof.ts';

/** Where it is posted, below a witness's submission prefix. */
export const ADD_CHECKPOINT_PATH = '/add-checkpoint';

/** The content type of the answer that tells which size the witness cosigned last (status 409). */
export const SIZE_CONTENT_TYPE = 'text/x.tlog.size';

/** The longest request that is written or read, in bytes. */
export const MAX_ADD_CHECKPOINT_BYTES: number = 64 * 1024;

/** What a log asks of a witness. */
export interface AddCheckpoint {
  /** The size of what the witness cosigned last, as far as the log knows; 0 for nothing. */
  oldSize: number;
  /** RFC 6962, section 2.1.2, from the old size to the checkpoint's. */
  proof: readonly Uint8Array[];
  /** The new checkpoint, a signed note. */
  note: string;
}

/**
 * Writes a request's body.
 *
 * @throws TypeError if a member cannot stand in one
 */
export function formatAddCheckpoint({ oldSize, proof, note }: AddCheckpoint): string {
  if (!Number.isSafeInteger(oldSize) || oldSize < 0) throw new TypeError(`not a tree size: ${oldSize}`);
  if (proof.length > MAX_PROOF_HASHES) throw new TypeError(`a proof has at most ${MAX_PROOF_HASHES} hashes`);
  if (proof.some((hash) => hash.length !== HASH_BYTES)) throw new TypeError('a hash is 32 bytes long');
  return `${[`old ${oldSize}`, ...proof.map(encodeBase64)].join('\n')}\n\n${note}`;
}

/** Reads a request's body strictly. Neither signatures nor the proof are verified. */
export function parseAddCheckpoint(text: string): Parsed<AddCheckpoint & { signed: SignedCheckpoint }> {
  const split = text.indexOf('\n\n');
  if (split < 0) return malformed('no empty line separates the proof from the checkpoint');
  const [first = '', ...lines] = text.slice(0, split).split('\n');
  const oldSize = first.startsWith('old ') ? parseDecimal(first.slice('old '.length)) : undefined;
  if (oldSize === undefined) return malformed('its first line is not "old <decimal number below 2^53>"');
  if (lines.length > MAX_PROOF_HASHES) return malformed(`it has more than ${MAX_PROOF_HASHES} proof lines`);
  const proof: Uint8Array[] = [];
  for (const line of lines) {
    const hash = decodeBase64(line);
    if (hash?.length !== HASH_BYTES) return malformed('a proof line is not a hash of 32 bytes in base64');
    proof.push(hash);
  }
  const note = text.slice(split + 2);
  const signed = parseSignedCheckpoint(note);
  return signed.ok ? parsed({ oldSize, proof, note, signed: signed.value }) : signed;
}
