import { formatAddCheckpoint, parseAddCheckpoint } from '@spanledger/ledger';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { honestLog } from '../../support/ledger/tree-log.ts';

const LOG = honestLog(20);
const NOTE = LOG.checkpoint(20);
const BODY = await LOG.request(13, 20);
const [, HASH = ''] = BODY.split('\n');

describe('an add-checkpoint request', () => {
  test('has the layout of the specification', async () => {
    const proof = await LOG.proof(13, 20);
    const lines = proof.map((hash) => Buffer.from(hash).toString('base64'));
    expect(BODY).toBe(`old 13\n${lines.join('\n')}\n\n${NOTE}`);
    expect(await LOG.request(0, 20)).toBe(`old 0\n\n${NOTE}`);
    expect(parseAddCheckpoint(BODY)).toMatchObject({ ok: true, value: { oldSize: 13, proof, note: NOTE } });
  });

  test('comes back as it was', () => {
    const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.array(hash, { maxLength: 63 }), (oldSize, proof) => {
        const parsed = parseAddCheckpoint(formatAddCheckpoint({ oldSize, proof, note: NOTE }));
        expect(parsed).toMatchObject({ ok: true, value: { oldSize, proof, note: NOTE } });
      }),
    );
  });

  test('is spelled in one way only', () => {
    const mutation = fc.record({ at: fc.nat(BODY.length), cut: fc.nat(3), put: fc.string({ maxLength: 3 }) });
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 3 }), (mutations) => {
        let text = BODY;
        for (const { at, cut, put } of mutations) text = text.slice(0, at) + put + text.slice(at + cut);
        const parsed = parseAddCheckpoint(text);
        if (parsed.ok) expect(formatAddCheckpoint(parsed.value)).toBe(text);
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    ['empty', ''],
    ['no old size', BODY.slice(BODY.indexOf('\n') + 1)],
    ['a leading zero', BODY.replace('old 13', 'old 013')],
    ['a sign', BODY.replace('old 13', 'old -13')],
    ['a size past 2^53', BODY.replace('old 13', 'old 9007199254740992')],
    ['another word', BODY.replace('old 13', 'new 13')],
    ['two spaces', BODY.replace('old 13', 'old  13')],
    ['a short hash', BODY.replace(HASH, 'AAAA')],
    ['a hash of other base64', BODY.replace(HASH, HASH.replaceAll('=', ''))],
    ['64 hashes', `old 13\n${`${HASH}\n`.repeat(64)}\n${NOTE}`],
    ['no empty line', BODY.replace('\n\n', '\n')],
    ['no checkpoint', BODY.slice(0, BODY.indexOf('\n\n') + 2)],
    ['no signature', BODY.slice(0, BODY.lastIndexOf('\n\n') + 2)],
    ['carriage returns', BODY.replaceAll('\n', '\r\n')],
    ['something behind it', `${BODY}\n`],
  ])('with %s is refused', (_, body) => {
    expect(parseAddCheckpoint(body)).toMatchObject({ ok: false });
  });

  test('cannot be written with what cannot be read', () => {
    const hash = new Uint8Array(32);
    const write = (oldSize: number, proof: Uint8Array[]) => () =>
      formatAddCheckpoint({ oldSize, proof, note: NOTE });
    expect(write(-1, [])).toThrow(TypeError);
    expect(write(0.5, [])).toThrow(TypeError);
    expect(write(1, [hash.subarray(1)])).toThrow(TypeError);
    expect(
      write(
        1,
        Array.from({ length: 64 }, () => hash),
      ),
    ).toThrow(TypeError);
  });
});
