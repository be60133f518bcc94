import { SPOILT, textOf, type AttacksOn, type FormatAttack } from './format-attack.ts';
import {
  firstStatement,
  hashOfText,
  signTogether,
  statementText,
  type FormatMaterial,
} from './format-material.ts';

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

export const KEY_STATEMENT_ATTACKS: AttacksOn<'keys'> = {
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
};
