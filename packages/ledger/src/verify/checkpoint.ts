/**
 * C2SP tlog-checkpoint: a signed note whose text states a log's tree at one size.
 *
 *     <origin>
 *     <tree size, decimal>
 *     <root hash, base64>
 *     [<extension line> ...]
 *
 * This project's logs write no extension lines; those of others are kept and not interpreted.
 */
import { decodeBase64, encodeBase64, parseDecimal } from './encoding.ts';
import { parseNote, type SignedNote } from './note.ts';
import { malformed, parsed, type Parsed } from './parsed.ts';

/** A statement about a log: at this size its tree has this root. */
export interface Checkpoint {
  /** The log's identity; not empty. */
  origin: string;
  /** How many entries the tree holds. */
  size: number;
  /** The tree's root hash, 32 bytes. */
  root: Uint8Array;
  /** Lines after the root; none of them empty. */
  extensions: string[];
}

/** A checkpoint with the note that carries it. Nothing in it is to be believed before the note is verified. */
export interface SignedCheckpoint {
  checkpoint: Checkpoint;
  note: SignedNote;
}

/**
 * Writes a checkpoint's note text, the bytes to be signed.
 *
 * @param checkpoint without `extensions` it gets none
 * @throws TypeError if a member cannot stand in a checkpoint
 */
export function formatCheckpoint(
  checkpoint: Omit<Checkpoint, 'extensions'> & { extensions?: string[] },
): string {
  const { origin, size, root, extensions = [] } = checkpoint;
  for (const line of [origin, ...extensions]) {
    if (line === '' || line.includes('\n'))
      throw new TypeError('a line of a checkpoint is empty or holds a newline');
  }
  if (!Number.isSafeInteger(size) || size < 0) throw new TypeError(`not a tree size: ${size}`);
  if (root.length !== 32) throw new TypeError('a root hash is 32 bytes long');
  return `${[origin, `${size}`, encodeBase64(root), ...extensions].join('\n')}\n`;
}

/** Reads a checkpoint's note text. */
export function parseCheckpoint(text: string): Parsed<Checkpoint> {
  const lines = text.split('\n');
  if (lines.pop() !== '') return malformed('it does not end in a newline');
  const [origin, sizeText, rootText, ...extensions] = lines;
  if (origin === undefined || sizeText === undefined || rootText === undefined) {
    return malformed('it has fewer than three lines');
  }
  if (lines.includes('')) return malformed('it has an empty line');
  const size = parseDecimal(sizeText);
  if (size === undefined) return malformed('its tree size is not a decimal number below 2^53');
  const root = decodeBase64(rootText);
  if (root?.length !== 32) return malformed('its root hash is not 32 bytes in base64');
  return parsed({ origin, size, root, extensions });
}

/** Reads a signed note that carries a checkpoint. The signatures are not verified. */
export function parseSignedCheckpoint(note: string): Parsed<SignedCheckpoint> {
  const signed = parseNote(note);
  if (!signed.ok) return signed;
  const checkpoint = parseCheckpoint(signed.value.text);
  return checkpoint.ok ? parsed({ checkpoint: checkpoint.value, note: signed.value }) : checkpoint;
}
