import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type JsonObject, type JsonValue, buildEntryBatch, encodeCanonical } from '@spanledger/record';
import { base64urlLength, encodeBase64url, writeBase64url } from '../../../packages/record/src/base64url.ts';
import { CanonicalBuffer } from '../../../packages/record/src/canonical-json/byte-writer.ts';
import { SERVER_CALL, SESSION, draftOf, fixedCrypto, referenced, spanOf, text, untyped } from './samples.ts';

/** What the buffer makes of a value, behind something that was there before. */
function written(value: JsonValue): string {
  const buffer = new CanonicalBuffer(3);
  buffer.writeAscii('before');
  buffer.writeValue(value);
  return text(buffer.view(6));
}

/** The error's class and message. */
function refusalOf(act: () => unknown): string | undefined {
  try {
    act();
  } catch (error) {
    return String(error);
  }
  return undefined;
}

const strings = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary', maxLength: 600 }),
  fc.string({ minLength: 250, maxLength: 260 }),
  fc.string({ unit: fc.integer({ min: 0, max: 0x9f }).map((code) => String.fromCharCode(code)) }),
);
const names = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    'ab',
    'ba',
    '__proto__',
    'constructor',
    '1',
    '10',
    '2',
    '',
    'é',
    '"',
    'x'.repeat(2_000),
  ),
  fc.string({ unit: 'binary', maxLength: 6 }),
);
const values = fc.letrec<{ value: JsonValue; object: JsonObject }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(
      strings,
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
    ),
    fc.array(tie('value'), { maxLength: 4 }),
    tie('object'),
  ),
  object: fc.dictionary(names, tie('value'), { maxKeys: 6 }),
}));

describe('the buffer writes what encodeCanonical gives', () => {
  test('for any value', () => {
    fc.assert(
      fc.property(values.value, (value) => {
        expect(written(value)).toBe(text(encodeCanonical(value)));
      }),
      { numRuns: 5_000 },
    );
  }, 60_000);

  test('whatever was written before: names of the same lengths in every sequence', () => {
    const sequences = fc.uniqueArray(
      fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 2, maxLength: 3 }),
      {
        maxLength: 5,
      },
    );
    fc.assert(
      fc.property(fc.array(sequences, { minLength: 1, maxLength: 20 }), (lists) => {
        for (const list of lists) {
          const object = Object.fromEntries(list.map((name, i) => [name, i]));
          expect(written(object)).toBe(text(encodeCanonical(object)));
        }
      }),
      { numRuns: 2_000 },
    );
  }, 60_000);

  test('for wide objects', () => {
    const wide = Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`k${(i * 7) % 600}`, i]));
    expect(written(wide)).toBe(text(encodeCanonical(wide)));
  });

  test.each<[string, JsonValue]>([
    ['NaN', Number.NaN],
    ['a lone surrogate', 'a\ud800'],
    ['a lone surrogate in a long string', `${'x'.repeat(1_000)}\udc00`],
    ['a lone surrogate in a name', { 'x\ud800': 1 }],
    ['undefined', untyped({ a: undefined })],
    ['a bigint', untyped([1n])],
    ['65 levels', Array.from({ length: 64 }).reduce<JsonValue>((inner) => [inner], [])],
  ])('and refuses %s as it does', (_, value) => {
    const refusal = refusalOf(() => encodeCanonical(value));
    expect(refusal).toMatch(/^RecordError: /);
    expect(refusalOf(() => written(value))).toBe(refusal);
  });
});

test('base64url is the same as text, as bytes and from the runtime', () => {
  for (let size = 0; size < 70; size++) {
    const bytes = randomBytes(size);
    const target = new Uint8Array(base64urlLength(size) + 2).fill(0x21);
    writeBase64url(target, 1, bytes, 0, size);
    expect(text(target)).toBe(`!${bytes.toString('base64url')}!`);
    expect(encodeBase64url(bytes)).toBe(bytes.toString('base64url'));
  }
});

test('a batch is the same with a runtime that gives digests as base64url', () => {
  const drafts = [referenced(draftOf(spanOf({}, { ...SERVER_CALL, ...SESSION, 'a.b': 'grüße' })))];
  const sha256Base64url = (bytes: Uint8Array): string => encodeBase64url(fixedCrypto.sha256(bytes));
  expect(buildEntryBatch(drafts, { ...fixedCrypto, sha256Base64url })).toEqual(
    buildEntryBatch(drafts, fixedCrypto),
  );
});
