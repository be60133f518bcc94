import { parseSignedCheckpoint, type Checkpoint } from './checkpoint.ts';
import { decodeUtf8 } from './encoding.ts';
import type { VerificationFailureCode } from './failures.ts';
import { isValidAt, soleKey, type LogKey, type LogKeys } from './key-history.ts';
import { verifyNote, type NoteVerificationKey, type SignedNote } from './note.ts';

/** What {@link checkCheckpoint} finds. */
export interface CheckedCheckpoint {
  /** Absent if it cannot be read. Believe it only if there are no problems. */
  checkpoint?: Checkpoint;
  /** The note that carries it; absent like the checkpoint. */
  note?: SignedNote;
  /** Names of the keys whose signature is good. */
  signers: string[];
  problems: { code: VerificationFailureCode; detail: string }[];
}

/**
 * Reads a signed checkpoint and checks its signature and its origin.
 *
 * @param note the signed note, as text or as bytes
 * @param key the log's key, whose name is the log's origin, or all its keys; without one nothing is known to be signed
 */
export function checkCheckpoint(
  note: string | Uint8Array,
  key: NoteVerificationKey | LogKeys | undefined,
): CheckedCheckpoint {
  const text = typeof note === 'string' ? note : decodeUtf8(note);
  const signed = text === undefined ? undefined : parseSignedCheckpoint(text);
  if (signed?.ok !== true) {
    const detail = `The checkpoint cannot be read: ${signed?.detail ?? 'it is not valid UTF-8'}.`;
    return { signers: [], problems: [{ code: 'checkpoint_malformed', detail }] };
  }
  const { checkpoint, note: parsedNote } = signed.value;
  if (key === undefined) return { checkpoint, note: parsedNote, signers: [], problems: [] };

  const problems: CheckedCheckpoint['problems'] = [];
  const { name, keys } = 'keys' in key ? key : soleKey(key);
  const { verified, invalid } = verifyNote(parsedNote, keys);
  const outdated = keys.filter((each) => !isValidAt(each, checkpoint.size));
  const counted = verified.filter(({ keyId }) => !outdated.some((each) => each.keyId === keyId));
  if (invalid.length > 0) {
    const detail = `The signature by ${name} is not one over this checkpoint (size ${checkpoint.size}).`;
    problems.push({ code: 'checkpoint_signature_invalid', detail });
  } else if (verified.length === 0) {
    const names = parsedNote.signatures.map((signature) => signature.name).join(', ');
    const detail = `It is signed by ${names.slice(0, 500)}, by none with the name and ID of ${keys.length > 1 ? 'a' : 'the'} key of ${name}.`;
    problems.push({ code: 'checkpoint_key_unknown', detail });
  } else if (counted.length === 0) {
    const spans = outdated
      .filter(({ keyId }) => verified.some((signature) => signature.keyId === keyId))
      .map(describeSpan);
    const detail = `Its size is ${checkpoint.size}; it is signed by ${spans.join(' and ')} alone.`;
    problems.push({ code: 'checkpoint_key_outdated', detail });
  }
  if (checkpoint.origin !== name) {
    const detail = `The checkpoint is of ${JSON.stringify(checkpoint.origin.slice(0, 500))}, the key of ${name}.`;
    problems.push({ code: 'origin_mismatch', detail });
  }
  const signers = [...new Set(counted.map((signature) => signature.name))];
  return { checkpoint, note: parsedNote, signers, problems };
}

function describeSpan({ vkey, from, until, state }: LogKey): string {
  const end = until === undefined ? '' : ` and before ${until}, where it was ${state}`;
  return `${vkey}, which counts from size ${from} on${end},`;
}
