import {
  checkCheckpoint,
  EMPTY_ROOT,
  formatCheckpoint,
  parseCheckpoint,
  parseSignedCheckpoint,
  parseVerificationKey,
} from '@spanledger/ledger/verify';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ORIGIN, signCheckpoint, VKEY } from './support/memory-log.ts';

// The example of the tlog-checkpoint specification.
const EXAMPLE = `example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
`;
const ROOT = Buffer.from(EMPTY_ROOT).toString('base64');

describe('parsing', () => {
  test('the example of the specification', () => {
    const signed = parseSignedCheckpoint(EXAMPLE);
    expect(signed).toMatchObject({
      ok: true,
      value: { checkpoint: { origin: 'example.com/behind-the-sofa', size: 20_852_163, extensions: [] } },
    });
    if (!signed.ok) return;
    expect(formatCheckpoint(signed.value.checkpoint)).toBe(signed.value.note.text);
    expect(signed.value.note.signatures[0]?.signature).toHaveLength(64);
  });

  test('keeps extension lines', () => {
    const text = `origin\n7\n${ROOT}\next 1\next 2\n`;
    const result = parseCheckpoint(text);
    expect(result).toMatchObject({ ok: true, value: { extensions: ['ext 1', 'ext 2'] } });
    if (result.ok) expect(formatCheckpoint(result.value)).toBe(text);
  });

  test.each([
    ['empty', ''],
    ['a newline', '\n'],
    ['two lines', 'origin\n7\n'],
    ['no final newline', `origin\n7\n${ROOT}`],
    ['no origin', `\n7\n${ROOT}\n`],
    ['an empty extension line', `origin\n7\n${ROOT}\n\n`],
    ['an empty line amid extensions', `origin\n7\n${ROOT}\n\nx\n`],
    ['a leading zero', `origin\n07\n${ROOT}\n`],
    ['a sign', `origin\n+7\n${ROOT}\n`],
    ['a negative size', `origin\n-7\n${ROOT}\n`],
    ['an exponent', `origin\n1e3\n${ROOT}\n`],
    ['a space', `origin\n7 \n${ROOT}\n`],
    ['another script', `origin\n٧\n${ROOT}\n`],
    ['2^53', `origin\n9007199254740992\n${ROOT}\n`],
    ['2^64', `origin\n18446744073709551616\n${ROOT}\n`],
    ['a thousand digits', `origin\n${'9'.repeat(1_000)}\n${ROOT}\n`],
    ['a short root', `origin\n7\n${ROOT.slice(4)}\n`],
    ['a long root', `origin\n7\nAAAA${ROOT}\n`],
    ['a root without padding', `origin\n7\n${ROOT.slice(0, -1)}\n`],
    ['a root in base64url', `origin\n7\n${'_'.repeat(43)}=\n`],
    ['a root with stray bits', `origin\n7\n${ROOT.slice(0, -2)}V=\n`],
  ])('refuses %s', (_, text) => {
    expect(parseCheckpoint(text).ok).toBe(false);
  });

  test('the largest size that is counted to', () => {
    const text = `origin\n9007199254740991\n${ROOT}\n`;
    expect(parseCheckpoint(text)).toMatchObject({ ok: true, value: { size: Number.MAX_SAFE_INTEGER } });
  });

  test('mutations never throw, and what parses is written the same', () => {
    const text = `origin\n1234\n${ROOT}\nextension\n`;
    fc.assert(
      fc.property(
        fc.nat({ max: text.length }),
        fc.nat({ max: 4 }),
        fc.string({ unit: 'binary', maxLength: 4 }),
        (at, cut, add) => {
          const mutated = text.slice(0, at) + add + text.slice(at + cut);
          const result = parseCheckpoint(mutated);
          if (result.ok) expect(formatCheckpoint(result.value)).toBe(mutated);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('what cannot stand in a checkpoint is not written', () => {
    const good = { origin: 'a', size: 1, root: EMPTY_ROOT };
    const wrong = [
      { ...good, origin: '' },
      { ...good, origin: 'a\nb' },
      { ...good, size: -1 },
      { ...good, size: 0.5 },
      { ...good, size: 2 ** 53 },
      { ...good, root: new Uint8Array(31) },
      { ...good, extensions: [''] },
    ];
    for (const checkpoint of wrong) expect(() => formatCheckpoint(checkpoint)).toThrow(TypeError);
  });
});

describe('checking', () => {
  const parsedKey = parseVerificationKey(VKEY);
  const key = parsedKey.ok ? parsedKey.value : undefined;

  test('a good one has no problems', () => {
    const checked = checkCheckpoint(signCheckpoint({ size: 3, root: EMPTY_ROOT }), key);
    expect(checked).toMatchObject({ signers: [ORIGIN], problems: [], checkpoint: { size: 3 } });
  });

  test('each problem has its code', () => {
    const codes = (note: string | Uint8Array): string[] =>
      checkCheckpoint(note, key).problems.map(({ code }) => code);
    const good = signCheckpoint({ size: 3, root: EMPTY_ROOT });
    expect(codes('')).toEqual(['checkpoint_malformed']);
    expect(codes(Uint8Array.of(0xff))).toEqual(['checkpoint_malformed']);
    expect(codes(good.replace('\n3\n', '\n4\n'))).toEqual(['checkpoint_signature_invalid']);
    expect(codes(EXAMPLE)).toEqual(['checkpoint_key_unknown', 'origin_mismatch']);
    expect(codes(signCheckpoint({ size: 3, root: EMPTY_ROOT, origin: 'x' }))).toEqual(['origin_mismatch']);
    const [, line = ''] = good.split('\n\n');
    const broken = good + line.replace(/\S{8}(\S{8})\n$/, 'AAAAAAAA$1\n');
    expect(codes(broken)).toEqual(['checkpoint_signature_invalid']);
  });

  test('without a key nothing is signed', () => {
    expect(checkCheckpoint(EXAMPLE, undefined)).toMatchObject({ signers: [], problems: [] });
  });
});
