import { formatNote, formatSignatures, hashNode, parseNote } from '@spanledger/ledger/verify';
import {
  firstStatement,
  hashOfText,
  ORIGIN,
  signTogether,
  statementText,
  type FormatMaterial,
} from './format-material.ts';
import type { Format, FormatInputs } from './format-verifiers.ts';

/** An attack on an input of a format: what it is, and what is shown to the verifier afterwards. */
export interface FormatAttack<F extends Format> {
  about: string;
  apply: (sound: FormatInputs[F], material: FormatMaterial) => FormatInputs[F];
}

/** Attacks by the name of their file. */
type FormatAttacks = { [F in Format]: Readonly<Record<string, FormatAttack<F>>> };

function noteAttack(
  about: string,
  change: (note: string, material: FormatMaterial) => string,
): FormatAttack<'note'> & FormatAttack<'checkpoint'> & FormatAttack<'cosignature'> {
  return {
    about,
    apply: <T extends { note: string }>(sound: T, material: FormatMaterial) => ({
      ...sound,
      note: change(sound.note, material),
    }),
  };
}

/** A checkpoint that the log itself signed, and should not have. */
function signedCheckpoint(about: string, change: (lines: string[]) => string[]): FormatAttack<'checkpoint'> {
  return {
    about,
    apply: (sound, { signer }) => {
      const lines = sound.note.split('\n\n')[0]?.split('\n') ?? [];
      return { ...sound, note: signer.signNote(`${change(lines).join('\n')}\n`) };
    },
  };
}

function keysAttack(about: string, make: (material: FormatMaterial) => string): FormatAttack<'keys'> {
  return { about, apply: (sound, material) => ({ ...sound, keys: make(material) }) };
}

/** The first statement with something in it changed, signed by both keys all the same. */
function signedStatement(
  about: string,
  change: Partial<Parameters<typeof statementText>[0]>,
): FormatAttack<'keys'> {
  return keysAttack(about, ({ signer, successor }) => {
    const usual = { key: successor.vkey, from: 100, replaces: signer.vkey, replaced: 'active' };
    return signTogether(statementText({ ...usual, ...change }), [signer, successor]);
  });
}

/** A second statement after a sound first one. */
function secondStatement(
  about: string,
  change: (
    material: FormatMaterial,
    usual: Parameters<typeof statementText>[0],
  ) => Parameters<typeof statementText>[0],
): FormatAttack<'keys'> {
  return keysAttack(about, (material) => {
    const { signer, successor } = material;
    const first = firstStatement(signer, successor);
    const usual = {
      number: 2,
      previous: hashOfText(`${first.split('\n\n')[0]}\n`),
      key: successor.vkey,
      from: 100,
      replaces: signer.vkey,
      replaced: 'retired 200',
    };
    return first + signTogether(statementText(change(material, usual)), [signer, successor]);
  });
}

/** The signature of a note's last line with a byte changed. */
function spoilSignature(note: string): string {
  return note.replace(/.{8}\n$/, (end) => (end.startsWith('AAAAAAA=') ? 'BBBBBBA=\n' : 'AAAAAAA=\n'));
}

const SPOILT = Buffer.alloc(32, 1).toString('base64');

/** Every attack, by format and by the name of its file. */
export const FORMAT_ATTACKS: FormatAttacks = {
  note: {
    'text-changed': noteAttack('A letter of the text.', (note) => note.replace('A text', 'A test')),
    'signature-changed': noteAttack('The end of the signature.', spoilSignature),
    'other-name': noteAttack('Another name before the signature.', (note) =>
      note.replace(`— ${ORIGIN}`, '— elsewhere.example'),
    ),
    'forged-key': noteAttack('Signed with another key under the name of the log.', (note, { forger }) =>
      forger.signNote(`${note.split('\n\n')[0]}\n`),
    ),
    'no-blank-line': noteAttack('No empty line before the signature.', (note) => note.replace('\n\n', '\n')),
    'no-signature': noteAttack('No signature at all.', (note) => `${note.split('\n\n')[0]}\n\n`),
    'no-last-newline': noteAttack('The last line does not end.', (note) => note.trimEnd()),
    'carriage-returns': noteAttack('Lines that end as on Windows.', (note) => note.replaceAll('\n', '\r\n')),
    'control-character': noteAttack('A control character in the text.', (note) =>
      note.replace('A text', 'A\ttext'),
    ),
    'hyphen-minus': noteAttack('A hyphen where the dash of a signature belongs.', (note) =>
      note.replace('—', '-'),
    ),
    'after-signatures': noteAttack('Text behind the signatures.', (note) => `${note}more\n`),
    'loose-base64': noteAttack('A signature whose base64 has bits that mean nothing.', (note) =>
      note.replace(
        /([A-Za-z0-9+/])(=+)\n$/,
        (_, last: string, padding: string) => `${last === 'B' ? 'C' : 'B'}${padding}\n`,
      ),
    ),
    'short-signature': noteAttack('A signature of two bytes.', (note) =>
      note.replace(/ \S+\n$/, ` ${Buffer.alloc(6).toString('base64')}\n`),
    ),
  },
  checkpoint: {
    'size-changed': noteAttack('Another size above the signature.', (note) =>
      note.replace('\n13\n', '\n14\n'),
    ),
    'root-changed': noteAttack('Another root above the signature.', (note) =>
      note.replace(/\n13\n\S+\n/, `\n13\n${SPOILT}\n`),
    ),
    'extension-added': noteAttack('A line more above the signature.', (note) =>
      note.replace('\n\n', '\nmore\n\n'),
    ),
    'other-key': noteAttack('Signed with another key under the name of the log.', (note, { forger }) =>
      forger.signNote(`${note.split('\n\n')[0]}\n`),
    ),
    'other-origin': signedCheckpoint('The log signs for another log.', ([, ...rest]) => [
      'elsewhere.example',
      ...rest,
    ]),
    'size-with-zero': signedCheckpoint('The size begins with a zero.', ([origin = '', , ...rest]) => [
      origin,
      '013',
      ...rest,
    ]),
    'size-negative': signedCheckpoint('The size is below zero.', ([origin = '', , ...rest]) => [
      origin,
      '-13',
      ...rest,
    ]),
    'size-enormous': signedCheckpoint(
      'The size is 2^53, which not every number can be told from.',
      ([origin = '', , ...rest]) => [origin, '9007199254740992', ...rest],
    ),
    'root-short': signedCheckpoint('The root has 31 bytes.', ([origin = '', size = '']) => [
      origin,
      size,
      Buffer.alloc(31).toString('base64'),
    ]),
    'root-missing': signedCheckpoint('There is no root.', ([origin = '', size = '']) => [origin, size]),
  },
  cosignature: {
    missing: noteAttack('The witness did not sign.', (note) => note.replace(/— \S+\/witness .*\n/, '')),
    'text-changed': noteAttack('The checkpoint states another size.', (note) =>
      note.replace('\n13\n', '\n14\n'),
    ),
    'time-changed': noteAttack('Another time than the witness signed at.', (note) => {
      const parsed = parseNote(note);
      if (!parsed.ok) throw new TypeError(parsed.detail);
      const { text, signatures } = parsed.value;
      return formatNote(
        text,
        signatures.map(({ signature, ...line }) => {
          const changed = Uint8Array.from(signature);
          if (changed.length === 72) changed[7] = (changed[7] ?? 0) ^ 1;
          return { ...line, signature: changed };
        }),
      );
    }),
    'signature-changed': noteAttack('The end of the cosignature.', spoilSignature),
    'of-another-checkpoint': noteAttack(
      'What the witness signed of another checkpoint.',
      (note, { cosigner }) => {
        const other = `${ORIGIN}\n14\n${SPOILT}\n`;
        return replaceCosignature(note, formatSignatures([cosigner.cosign(other, 1_790_000_000)]));
      },
    ),
    'forged-key': noteAttack(
      'Signed with another key under the name of the witness.',
      (note, { falseCosigner }) => {
        const line = falseCosigner.cosign(textOf(note), 1_790_000_000);
        return replaceCosignature(note, formatSignatures([line]));
      },
    ),
    'forged-key-own-id': noteAttack(
      'Signed with another key under the name of the witness and the ID of its key.',
      (note, { cosigner, falseCosigner }) => {
        const { keyId } = cosigner.cosign(textOf(note), 0);
        const line = { ...falseCosigner.cosign(textOf(note), 1_790_000_000), keyId };
        return replaceCosignature(note, formatSignatures([line]));
      },
    ),
    'without-time': noteAttack('A cosignature without its time.', (note, { cosigner }) => {
      const line = cosigner.cosign(textOf(note), 1_790_000_000);
      const bare = { ...line, signature: line.signature.slice(8) };
      return replaceCosignature(note, formatSignatures([bare]));
    }),
  },
  keys: {
    'signed-by-new-only': keysAttack('The key that goes did not sign.', ({ signer, successor }) =>
      successor.signNote(textOf(firstStatement(signer, successor))),
    ),
    'signed-by-old-only': keysAttack('The key that comes did not sign.', ({ signer, successor }) =>
      signer.signNote(textOf(firstStatement(signer, successor))),
    ),
    'forged-key': keysAttack(
      'An attacker brings a key of their own, and signs for both.',
      ({ signer, forger }) =>
        signTogether(
          statementText({ key: forger.vkey, from: 100, replaces: signer.vkey, replaced: 'revoked 100' }),
          [forger],
        ),
    ),
    'of-other-keys': keysAttack(
      'Statements that lead to other keys, and not to the one that is trusted.',
      ({ forger, successor }) =>
        signTogether(
          statementText({ key: successor.vkey, from: 100, replaces: forger.vkey, replaced: 'active' }),
          [forger, successor],
        ),
    ),
    'text-changed': keysAttack('Another size than both keys signed.', ({ signer, successor }) =>
      firstStatement(signer, successor).replace('from 100', 'from 10'),
    ),
    'first-missing': keysAttack('The first statement is gone.', ({ signer, successor }) =>
      signTogether(
        statementText({
          number: 2,
          previous: SPOILT,
          key: successor.vkey,
          from: 100,
          replaces: signer.vkey,
          replaced: 'retired 200',
        }),
        [signer, successor],
      ),
    ),
    twice: keysAttack('The same statement twice.', ({ signer, successor }) =>
      firstStatement(signer, successor).repeat(2),
    ),
    'cut-off': keysAttack('Half a statement.', ({ signer, successor }) =>
      firstStatement(signer, successor).slice(0, 200),
    ),
    'other-log': signedStatement('A statement about another log.', { origin: 'elsewhere.example' }),
    'unknown-end': signedStatement('An end that there is not.', { replaced: 'lost 200' }),
    gap: signedStatement('The old key ends before the new one begins.', { replaced: 'retired 50' }),
    'previous-changed': secondStatement('The second statement follows another first one.', (_, usual) => ({
      ...usual,
      previous: SPOILT,
    })),
    'begins-anew': secondStatement('The second statement says that it is the first.', (_, usual) => ({
      ...usual,
      number: 1,
      previous: 'none',
    })),
    'ends-newest': secondStatement(
      'The second statement ends the newest key.',
      ({ signer, successor }, usual) => ({
        ...usual,
        key: signer.vkey,
        replaces: successor.vkey,
      }),
    ),
  },
  consistency: {
    'hash-changed': {
      about: 'A hash of the proof.',
      apply: (sound) => ({ ...sound, hashes: sound.hashes.with(1, SPOILT) }),
    },
    'hash-missing': {
      about: 'A hash less.',
      apply: (sound) => ({ ...sound, hashes: sound.hashes.slice(1) }),
    },
    'hash-more': {
      about: 'A hash more.',
      apply: (sound) => ({ ...sound, hashes: [...sound.hashes, SPOILT] }),
    },
    'no-hashes': { about: 'No proof at all.', apply: (sound) => ({ ...sound, hashes: [] }) },
    'first-root': {
      about: 'Another root of the smaller tree.',
      apply: (sound) => ({ ...sound, first: { ...sound.first, root: SPOILT } }),
    },
    'second-root': {
      about: 'Another root of the larger tree.',
      apply: (sound) => ({ ...sound, second: { ...sound.second, root: SPOILT } }),
    },
    backwards: {
      about: 'From the larger tree to the smaller one.',
      apply: ({ first, second, hashes }) => ({ first: second, second: first, hashes }),
    },
    fork: {
      about: 'Two roots of one size: a split view.',
      apply: ({ first }) => ({ first, second: { ...first, root: SPOILT }, hashes: [] }),
    },
    'from-nothing': {
      about: 'A tree of no entries with a root of its own.',
      apply: ({ second }) => ({ first: { size: 0, root: SPOILT }, second, hashes: [] }),
    },
    'short-hash': {
      about: 'A hash of 31 bytes.',
      apply: (sound) => ({ ...sound, hashes: sound.hashes.with(0, Buffer.alloc(31).toString('base64')) }),
    },
  },
  inclusion: {
    'hash-changed': {
      about: 'A hash of the proof.',
      apply: (sound) => ({ ...sound, hashes: sound.hashes.with(1, SPOILT) }),
    },
    'hash-missing': {
      about: 'A hash less.',
      apply: (sound) => ({ ...sound, hashes: sound.hashes.slice(1) }),
    },
    'hash-more': {
      about: 'A hash more.',
      apply: (sound) => ({ ...sound, hashes: [...sound.hashes, SPOILT] }),
    },
    'leaf-changed': { about: 'Another leaf.', apply: (sound) => ({ ...sound, leafHash: SPOILT }) },
    'inner-as-leaf': {
      about: 'The hash over two leaves as a leaf, with the proof from there on.',
      apply: (sound) => {
        const [leaf, sibling] = [sound.leafHash, sound.hashes[0] ?? ''].map((hash) =>
          Buffer.from(hash, 'base64'),
        );
        const inner = hashNode(leaf ?? Buffer.alloc(0), sibling ?? Buffer.alloc(0));
        return {
          ...sound,
          index: sound.index / 2,
          leafHash: Buffer.from(inner).toString('base64'),
          hashes: sound.hashes.slice(1),
        };
      },
    },
    'index-changed': {
      about: 'The place of its neighbour.',
      apply: (sound) => ({ ...sound, index: sound.index + 1 }),
    },
    'index-past-end': {
      about: 'A place past the end of the tree.',
      apply: (sound) => ({ ...sound, index: sound.size }),
    },
    'root-changed': { about: 'Another root.', apply: (sound) => ({ ...sound, root: SPOILT }) },
  },
  bundle: {
    'cut-off': {
      about: 'The last entry is not whole.',
      apply: (sound) => ({ ...sound, bytes: rebase(sound.bytes, (bytes) => bytes.subarray(0, -1)) }),
    },
    'entry-missing': {
      about: 'An entry less than there should be.',
      apply: (sound) => ({ ...sound, width: sound.width + 1 }),
    },
    'entry-more': {
      about: 'An entry more than there should be.',
      apply: (sound) => ({ ...sound, width: sound.width - 1 }),
    },
    'length-changed': {
      about: 'The length of the first entry reaches into the second.',
      apply: (sound) => ({
        ...sound,
        bytes: rebase(sound.bytes, (bytes) => Buffer.concat([Buffer.from([0, 200]), bytes.subarray(2)])),
      }),
    },
    'bytes-after': {
      about: 'A byte behind the last entry.',
      apply: (sound) => ({
        ...sound,
        bytes: rebase(sound.bytes, (bytes) => Buffer.concat([bytes, Buffer.alloc(1)])),
      }),
    },
  },
};

/** A note with its text and the log's own signature, and another cosignature. */
function replaceCosignature(note: string, line: string): string {
  return note.replace(/— \S+\/witness .*\n/, line);
}

function textOf(note: string): string {
  return `${note.split('\n\n')[0]}\n`;
}

function rebase(text: string, change: (bytes: Buffer) => Buffer): string {
  return change(Buffer.from(text, 'base64')).toString('base64');
}
