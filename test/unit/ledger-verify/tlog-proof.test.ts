import { EMPTY_ROOT, formatTlogProof, hashNode, parseTlogProof } from '@spanledger/ledger/verify';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { signCheckpoint } from './support/memory-log.ts';

const CHECKPOINT = signCheckpoint({ size: 109_482, root: EMPTY_ROOT });
const HASHES = [EMPTY_ROOT, hashNode(EMPTY_ROOT, EMPTY_ROOT)];
const b64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const TEXT = `c2sp.org/tlog-proof@v1\nextra ${b64(Uint8Array.of(1, 2, 3))}\nindex 73894\n${HASHES.map(b64).join('\n')}\n\n${CHECKPOINT}`;

describe('tlog-proof', () => {
  test('reads and writes the layout of the specification', () => {
    const proof = { extra: Uint8Array.of(1, 2, 3), index: 73_894, hashes: HASHES, checkpoint: CHECKPOINT };
    expect(parseTlogProof(TEXT)).toEqual({ ok: true, value: proof });
    expect(formatTlogProof(proof)).toBe(TEXT);
  });

  test('without extra data and without hashes', () => {
    const text = `c2sp.org/tlog-proof@v1\nindex 0\n\n${CHECKPOINT}`;
    expect(parseTlogProof(text)).toEqual({
      ok: true,
      value: { index: 0, hashes: [], checkpoint: CHECKPOINT },
    });
  });

  test('survives whatever it holds', () => {
    const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(
        fc.option(fc.uint8Array(), { nil: undefined }),
        fc.maxSafeNat(),
        fc.array(hash, { maxLength: 63 }),
        (extra, index, hashes) => {
          const proof = { ...(extra === undefined ? {} : { extra }), index, hashes, checkpoint: CHECKPOINT };
          expect(parseTlogProof(formatTlogProof(proof))).toEqual({ ok: true, value: proof });
        },
      ),
    );
  });

  test.each([
    ['empty', ''],
    ['another version', TEXT.replace('@v1', '@v2')],
    ['no version', TEXT.slice(TEXT.indexOf('\n') + 1)],
    ['no index', TEXT.replace('index 73894\n', '')],
    ['an index with a zero', TEXT.replace('index 7', 'index 07')],
    ['an index past 2^53', TEXT.replace('73894', '9007199254740992')],
    ['a negative index', TEXT.replace('73894', '-1')],
    ['index twice', TEXT.replace('index 73894', 'index 1\nindex 2')],
    ['extra after index', `c2sp.org/tlog-proof@v1\nindex 1\nextra AQID\n\n${CHECKPOINT}`],
    ['extra that is not base64', TEXT.replace('AQID', 'AQI')],
    ['a short hash', TEXT.replace(b64(EMPTY_ROOT), 'AAAA')],
    ['a hash with a space', TEXT.replace(b64(EMPTY_ROOT), ` ${b64(EMPTY_ROOT)}`)],
    [
      'too many hashes',
      TEXT.replace(b64(EMPTY_ROOT), Array.from({ length: 63 }, () => b64(EMPTY_ROOT)).join('\n')),
    ],
    ['carriage returns', TEXT.replaceAll('\n', '\r\n')],
    ['no checkpoint', TEXT.slice(0, TEXT.indexOf('\n\n') + 2)],
    ['no empty line', TEXT.replace('\n\n', '\n').split('\n\n')[0] ?? ''],
    ['too long', TEXT + 'x'.repeat(2_000_000)],
  ])('refuses %s', (_, text) => {
    expect(parseTlogProof(text).ok).toBe(false);
  });

  test('mutations never throw, and what parses is written the same', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: TEXT.length }),
        fc.nat({ max: 3 }),
        fc.string({ unit: 'binary', maxLength: 3 }),
        (at, cut, add) => {
          const mutated = TEXT.slice(0, at) + add + TEXT.slice(at + cut);
          const result = parseTlogProof(mutated);
          if (result.ok) expect(formatTlogProof(result.value)).toBe(mutated);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('what cannot stand in a proof is not written', () => {
    const good = { index: 0, hashes: HASHES, checkpoint: CHECKPOINT };
    expect(() => formatTlogProof({ ...good, index: -1 })).toThrow(TypeError);
    expect(() => formatTlogProof({ ...good, hashes: [new Uint8Array(31)] })).toThrow(TypeError);
    expect(() => formatTlogProof({ ...good, hashes: Array.from({ length: 64 }, () => EMPTY_ROOT) })).toThrow(
      TypeError,
    );
    expect(() => formatTlogProof({ ...good, checkpoint: '' })).toThrow(TypeError);
  });
});
