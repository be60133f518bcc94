import { isDeepStrictEqual } from 'node:util';
import { generateSigner } from '@spanledger/ledger';
import {
  formatCheckpoint,
  parseNote,
  parseSignedCheckpoint,
  parseVerificationKey,
  verifyNote,
} from '@spanledger/ledger/verify';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ask } from './support/ask.ts';

const NOTES = 4_000;
const signer = generateSigner('example.com/log');
const parsedKey = parseVerificationKey(signer.vkey);
if (!parsedKey.ok) throw new TypeError(parsedKey.detail);
const key = parsedKey.value;
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What somebody read out of a note; null where it was refused. */
interface Reading {
  note: { text: string } | null;
  checkpoint: { size: number; root: string } | null;
}

/** What may be put into a text: what means something in a note, and what must not stand in one. */
const PIECES = [
  '\n\n',
  '\u2014 ',
  '\u2014 other AAAAAAA=\n',
  '\n',
  ' ',
  '\u2014',
  '+',
  '=',
  '0',
  '7',
  '-',
  'A',
  '/',
  'é',
  '\u00a0',
  '\u2028',
  '\u0000',
  '\u007f',
  '\u0085',
  '\r',
  '\t',
  '\ufeff',
  '\ufffd',
];
const piece = fc.constantFrom(...PIECES);

/** Changes a text at a few places. */
const edits = fc.array(
  fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    remove: fc.integer({ min: 0, max: 3 }),
    insert: fc.option(piece, { nil: '' }),
  }),
  { maxLength: 3 },
);

function applyEdits(
  text: string,
  changes: readonly { at: number; remove: number; insert: string }[],
): string {
  return changes.reduce((edited, { at, remove, insert }) => {
    const place = Math.floor(at * (edited.length + 1));
    return edited.slice(0, place) + insert + edited.slice(place + remove);
  }, text);
}

/** Checkpoints that were changed and then signed, or signed and then changed, or both. */
const noteBytes = fc
  .record({
    size: fc.oneof(fc.nat(), fc.maxSafeInteger().map(Math.abs)),
    extensions: fc.array(fc.constantFrom('extension', 'two words', '\u2014 line', '1'), { maxLength: 2 }),
    before: fc.oneof(fc.constant([]), edits),
    after: fc.oneof(fc.constant([]), edits),
    others: fc.array(fc.constantFrom('\u2014 witness.example AAAAAAE=\n', '\u2014 w AAAAAAA=\n'), {
      maxLength: 3,
    }),
    byte: fc.oneof(
      { weight: 6, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.record({ at: fc.nat(), value: fc.integer({ min: 0, max: 255 }) }) },
    ),
  })
  .map(({ size, extensions, before, after, others, byte }) => {
    const text = formatCheckpoint({
      origin: signer.origin,
      size,
      root: Buffer.alloc(32, size % 251),
      extensions,
    });
    const edited = applyEdits(text, before);
    let note: string;
    try {
      note = signer.signNote(edited);
    } catch {
      // Not a text that can be signed: the signature is that of the text before.
      note = `${edited}\n${signer.signNote(text).slice(text.length + 1)}`;
    }
    const bytes = Buffer.from(applyEdits(note + others.join(''), after));
    if (byte !== undefined && bytes.length > 0) bytes[byte.at % bytes.length] = byte.value;
    return bytes;
  });

function readOurs(bytes: Buffer): Reading {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    return { note: null, checkpoint: null };
  }
  const note = parseNote(text);
  if (!note.ok) return { note: null, checkpoint: null };
  const { verified, invalid } = verifyNote(note.value, [key]);
  if (verified.length === 0 || invalid.length > 0) return { note: null, checkpoint: null };
  const signed = parseSignedCheckpoint(text);
  const { checkpoint } = signed.ok ? signed.value : {};
  return {
    note: { text: note.value.text },
    checkpoint:
      checkpoint?.origin === signer.origin
        ? { size: checkpoint.size, root: Buffer.from(checkpoint.root).toString('base64') }
        : null,
  };
}

/** Spellings that we refuse and they read: each thing has one spelling here. */
function isLooselySpelled(bytes: Buffer): boolean {
  const note = bytes.toString();
  const split = note.lastIndexOf('\n\n');
  const [, size = '', root = '', ...rest] = note.slice(0, split).split('\n');
  const signatures = note
    .slice(split + 2)
    .split('\n')
    .map((line) => line.split(' '));
  return (
    signatures.some(([, name = '', encoded = '']) => /\p{Cc}/u.test(name) || !isCanonicalBase64(encoded)) ||
    !isCanonicalBase64(root) ||
    Buffer.from(root, 'base64').length !== 32 ||
    String(Number(size)) !== size ||
    !Number.isSafeInteger(Number(size)) ||
    rest.includes('')
  );
}

function isCanonicalBase64(text: string): boolean {
  return Buffer.from(text, 'base64').toString('base64') === text;
}

async function readTheirs(notes: readonly Buffer[]): Promise<Reading[]> {
  const questions = notes.map((bytes) =>
    JSON.stringify({ vkey: signer.vkey, note: bytes.toString('base64') }),
  );
  return (await ask('open-notes', questions)).map((answer) => {
    const { note = null, checkpoint = null }: Partial<Reading> = JSON.parse(answer);
    return { note: note && { text: note.text }, checkpoint };
  });
}

describe('notes and checkpoints', () => {
  it('are the same to us as to sumdb and transparency-dev', async () => {
    const notes = fc.sample(noteBytes, NOTES);
    const theirs = await readTheirs(notes);
    let read = 0;
    for (const [i, bytes] of notes.entries()) {
      const ours = readOurs(bytes);
      if (ours.checkpoint !== null) read += 1;
      const isSame = isDeepStrictEqual(ours, theirs[i]);
      const isStricter = (ours.note === null || ours.checkpoint === null) && isLooselySpelled(bytes);
      expect(isSame || isStricter, JSON.stringify([bytes.toString(), ours, theirs[i]])).toBe(true);
    }
    expect(read).toBeGreaterThan(NOTES / 10);
    expect(read).toBeLessThan(NOTES);
  });

  it.each([
    ['a size with a leading zero', `${signer.origin}\n07\n${Buffer.alloc(32).toString('base64')}\n`],
    ['a root that is too short', `${signer.origin}\n7\n${Buffer.alloc(31).toString('base64')}\n`],
    ['a root with stray bits', `${signer.origin}\n7\n${'A'.repeat(42)}B=\n`],
    ['a size that is no safe integer', `${signer.origin}\n9007199254740993\n${'A'.repeat(43)}=\n`],
    ['an empty line among the extensions', `${signer.origin}\n7\n${'A'.repeat(43)}=\n\nmore\n`],
  ])('have one spelling here, and may have more there: %s', async (_name, text) => {
    const note = Buffer.from(signer.signNote(text));
    expect(readOurs(note)).toEqual({ note: { text }, checkpoint: null });
    const [theirs] = await readTheirs([note]);
    expect(theirs?.note).toEqual({ text });
    expect(theirs?.checkpoint).not.toBeNull();
  });

  it('a signature with stray bits is none here', async () => {
    // The last two bits of the last digit mean nothing, and are 0 in what was encoded.
    const note = signer.signNote('text\n').replace(/.(?==\n$)/, (digit) => nextCharacter(digit));
    const bytes = Buffer.from(note);
    expect(isLooselySpelled(bytes)).toBe(true);
    expect(readOurs(bytes).note).toBeNull();
    expect((await readTheirs([bytes]))[0]?.note).toEqual({ text: 'text\n' });
  });
});

function nextCharacter(character: string): string {
  return String.fromCharCode(character.charCodeAt(0) + 1);
}
