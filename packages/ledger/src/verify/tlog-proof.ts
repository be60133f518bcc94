/**
 * C2SP tlog-proof: everything needed to prove that an entry is in a log, in one text.
 *
 *     c2sp.org/tlog-proof@v1
 *     [extra <base64>]
 *     index <decimal>
 *     <base64 hash of the inclusion proof> ...
 *     <empty line>
 *     <checkpoint, verbatim>
 *
 * The file extension is `.tlog-proof`. `extra` is not authenticated by anything.
 */
import { decodeBase64, encodeBase64, parseDecimal } from './encoding.ts';
import { MAX_NOTE_LENGTH } from './note.ts';
import { malformed, parsed, type Parsed } from './parsed.ts';
import { HASH_BYTES } from './tile.ts';

const FIRST_LINE = 'c2sp.org/tlog-proof@v1';

/** The most hashes an inclusion proof can have: the height of a tree of 2^63 entries. */
export const MAX_PROOF_HASHES = 63;

/** The longest `extra` that is read, in bytes. */
export const MAX_PROOF_EXTRA_BYTES = 65_536;

/** The longest proof that is read, in UTF-16 code units. */
export const MAX_PROOF_LENGTH: number = MAX_NOTE_LENGTH + 100_000;

/** A proof of inclusion with the checkpoint that it leads to. */
export interface TlogProof {
  /** Opaque data for the application, not authenticated. */
  extra?: Uint8Array;
  /** The entry's index, from 0. */
  index: number;
  /** RFC 6962, section 2.1.1: from the leaf's sibling up to the root's child. */
  hashes: Uint8Array[];
  /** The signed note that carries the checkpoint, verbatim. */
  checkpoint: string;
}

/**
 * Writes a proof.
 *
 * @throws TypeError if a member cannot stand in a proof
 */
export function formatTlogProof(proof: TlogProof): string {
  const { extra, index, hashes, checkpoint } = proof;
  if (!Number.isSafeInteger(index) || index < 0) throw new TypeError(`not an entry's index: ${index}`);
  if (hashes.length > MAX_PROOF_HASHES) throw new TypeError(`a proof has at most ${MAX_PROOF_HASHES} hashes`);
  if (hashes.some((hash) => hash.length !== HASH_BYTES)) throw new TypeError('a hash is 32 bytes long');
  if (checkpoint === '') throw new TypeError('a proof holds a checkpoint');
  const head = [
    FIRST_LINE,
    ...(extra === undefined ? [] : [`extra ${encodeBase64(extra)}`]),
    `index ${index}`,
  ];
  return `${[...head, ...hashes.map(encodeBase64)].join('\n')}\n\n${checkpoint}`;
}

/** Reads a proof strictly. Its checkpoint is neither parsed nor verified. */
export function parseTlogProof(text: string): Parsed<TlogProof> {
  if (text.length > MAX_PROOF_LENGTH) return malformed(`it is longer than ${MAX_PROOF_LENGTH} characters`);
  const split = text.indexOf('\n\n');
  if (split < 0) return malformed('no empty line separates the proof from its checkpoint');
  const checkpoint = text.slice(split + 2);
  if (checkpoint === '') return malformed('it holds no checkpoint');
  const [first, ...lines] = text.slice(0, split).split('\n');
  if (first !== FIRST_LINE) return malformed(`its first line is not ${FIRST_LINE}`);

  let extra: Uint8Array | undefined;
  if (lines[0]?.startsWith('extra ') === true) {
    extra = decodeBase64(lines.shift()?.slice('extra '.length) ?? '');
    if (extra === undefined) return malformed('its extra data is not base64');
    if (extra.length > MAX_PROOF_EXTRA_BYTES)
      return malformed(`its extra data exceeds ${MAX_PROOF_EXTRA_BYTES} bytes`);
  }
  const indexLine = lines.shift() ?? '';
  const index = indexLine.startsWith('index ') ? parseDecimal(indexLine.slice('index '.length)) : undefined;
  if (index === undefined) return malformed('it has no line "index <decimal number below 2^53>"');
  if (lines.length > MAX_PROOF_HASHES) return malformed(`it has more than ${MAX_PROOF_HASHES} hashes`);
  const hashes: Uint8Array[] = [];
  for (const line of lines) {
    const hash = decodeBase64(line);
    if (hash?.length !== HASH_BYTES) return malformed('a line of it is not a hash of 32 bytes in base64');
    hashes.push(hash);
  }
  const proof = { ...(extra === undefined ? {} : { extra }), index, hashes, checkpoint };
  if (formatTlogProof(proof) !== text) return malformed('it is not spelled as its content demands');
  return parsed(proof);
}
