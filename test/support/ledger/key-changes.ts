import { createHash } from 'node:crypto';
import type { NoteSigner } from '@spanledger/ledger';
import { formatNote, parseNote } from '@spanledger/ledger/verify';
import { encodeCanonical, type EntryBatch } from '@spanledger/record';

/** What a key statement is written from; whatever it is, it is written. */
export interface Wanted {
  origin?: string;
  number: number;
  /** The note before; none for the first. */
  previous?: string;
  key: NoteSigner;
  from: number;
  replaces: NoteSigner;
  replaced?: string;
  /** Who signs; both keys if not given. */
  signers?: readonly NoteSigner[];
}

/** A key statement as the format has it, written independently of the package. */
export function keyStatement(wanted: Wanted): string {
  const { number, previous, key, from, replaces, replaced = 'active' } = wanted;
  const before =
    previous === undefined ? 'none' : createHash('sha256').update(textOf(previous)).digest('base64');
  const lines = [
    'spanledger key statement v1',
    wanted.origin ?? key.origin,
    `number ${number}`,
    `previous ${before}`,
    `key ${key.vkey}`,
    `from ${from}`,
    `replaces ${replaces.vkey}`,
    `replaced ${replaced}`,
  ];
  return signedBy(wanted.signers ?? [key, replaces], `${lines.join('\n')}\n`);
}

/** A batch of one record, as the service makes it of a key statement. */
export function statementBatch(note: string): EntryBatch {
  const bytes = encodeCanonical({
    '@timestamp': '2026-11-21T00:00:00.000000000Z',
    audit: {
      action: 'UPDATE',
      key: { statement: note },
      outcome: 'success',
      record: { id: createHash('sha256').update(note).digest('hex') },
    },
  });
  const openings = encodeCanonical({});
  return {
    count: 1,
    bytes,
    ends: Uint32Array.of(bytes.length),
    holes: Uint32Array.of(Buffer.from(bytes).indexOf('"outcome"')),
    openings,
    openingEnds: Uint32Array.of(openings.length),
  };
}

/** A note signed by several keys. */
export function signedBy(signers: readonly NoteSigner[], text: string): string {
  return formatNote(
    text,
    signers.flatMap((signer) => {
      const note = parseNote(signer.signNote(text));
      if (!note.ok) throw new TypeError(note.detail);
      return note.value.signatures;
    }),
  );
}

function textOf(note: string): string {
  return note.slice(0, note.lastIndexOf('\n\n') + 1);
}
