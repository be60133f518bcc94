import {
  checkCheckpoint,
  parseEntryBundle,
  parseNote,
  parseVerificationKey,
  readKeyHistory,
  verifyConsistency,
  verifyCosignatures,
  verifyInclusion,
  verifyNote,
  type NoteVerificationKey,
} from '@spanledger/ledger/verify';

/** What a vector of each format holds; bytes and hashes in base64. */
export interface FormatInputs {
  note: { note: string; vkeys: string[] };
  checkpoint: { note: string; vkey: string };
  cosignature: { note: string; witness: string };
  keys: { keys: string; vkey: string };
  consistency: {
    first: { size: number; root: string };
    second: { size: number; root: string };
    hashes: string[];
  };
  inclusion: { index: number; size: number; leafHash: string; hashes: string[]; root: string };
  bundle: { bytes: string; width: number };
}

/** The formats of which there are vectors; each has a folder in `valid/` and `invalid/`. */
export type Format = keyof FormatInputs;

/** One file of a format's folder. */
export interface FormatVector<F extends Format = Format> {
  /** What was done, as a sentence. */
  about: string;
  input: FormatInputs[F];
  /** What a verifier says of it, sorted; nothing of a valid one. */
  findings: string[];
}

/** What the product says of an input: nothing where it accepts it. */
export const FORMAT_VERIFIERS: { [F in Format]: (input: FormatInputs[F]) => string[] } = {
  note({ note, vkeys }) {
    const parsed = parseNote(note);
    if (!parsed.ok) return ['note_malformed'];
    const { verified, invalid } = verifyNote(
      parsed.value,
      vkeys.map((vkey) => keyOf(vkey)),
    );
    if (invalid.length > 0) return ['signature_invalid'];
    return verified.length > 0 ? [] : ['key_unknown'];
  },
  checkpoint: ({ note, vkey }) => checkCheckpoint(note, keyOf(vkey)).problems.map(({ code }) => code),
  cosignature({ note, witness }) {
    const parsed = parseNote(note);
    if (!parsed.ok) return ['note_malformed'];
    const { verified, invalid } = verifyCosignatures(parsed.value, [keyOf(witness, 'cosignature')]);
    if (invalid.length > 0) return ['cosignature_invalid'];
    return verified.length > 0 ? [] : ['cosignature_missing'];
  },
  keys: ({ keys, vkey }) => readKeyHistory(keys, keyOf(vkey)).problems.map(({ code }) => code),
  consistency({ first, second, hashes }) {
    const holds = verifyConsistency({
      first: { size: first.size, root: fromBase64(first.root) },
      second: { size: second.size, root: fromBase64(second.root) },
      hashes: hashes.map(fromBase64),
    });
    return holds ? [] : ['consistency_unproven'];
  },
  inclusion({ index, size, leafHash, hashes, root }) {
    const proof = { index, size, leafHash: fromBase64(leafHash), hashes: hashes.map(fromBase64) };
    return verifyInclusion(proof, fromBase64(root)) ? [] : ['inclusion_unproven'];
  },
  bundle: ({ bytes, width }) => (parseEntryBundle(fromBase64(bytes), width).ok ? [] : ['bundle_malformed']),
};

function keyOf(vkey: string, type?: 'cosignature'): NoteVerificationKey {
  const key = parseVerificationKey(vkey, type);
  if (!key.ok) throw new TypeError(key.detail);
  return key.value;
}

/** Without Node's Buffer, so that it runs where the verifier does. */
function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
