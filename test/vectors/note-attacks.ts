import { formatNote, formatSignatures, parseNote } from '@spanledger/ledger/verify';
import { SPOILT, textOf, type AttacksOn, type FormatAttack } from './format-attack.ts';
import { ORIGIN, type FormatMaterial } from './format-material.ts';

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

/** The signature of a note's last line with a byte changed. */
function spoilSignature(note: string): string {
  return note.replace(/.{8}\n$/, (end) => (end.startsWith('AAAAAAA=') ? 'BBBBBBA=\n' : 'AAAAAAA=\n'));
}

/** A note with its text and the log's own signature, and another cosignature. */
function replaceCosignature(note: string, line: string): string {
  return note.replace(/— \S+\/witness .*\n/, line);
}

export const NOTE_ATTACKS: AttacksOn<'note'> = {
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
};

export const CHECKPOINT_ATTACKS: AttacksOn<'checkpoint'> = {
  'size-changed': noteAttack('Another size above the signature.', (note) => note.replace('\n13\n', '\n14\n')),
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
};

export const COSIGNATURE_ATTACKS: AttacksOn<'cosignature'> = {
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
};
