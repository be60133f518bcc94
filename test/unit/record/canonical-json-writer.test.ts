import reference from 'canonicalize';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  MAX_JSON_DEPTH,
  RecordError,
  canonicalize,
  encodeCanonical,
  parseCanonical,
} from '@spanledger/record';
import type { JsonValue } from '@spanledger/record';
import { objectFrom, text, untyped } from './samples.ts';

// RFC 8785 appendix B: the IEEE 754 bits in hex, and the JSON they give.
const NUMBERS: readonly (readonly [string, string])[] = [
  ['0000000000000000', '0'],
  ['8000000000000000', '0'],
  ['0000000000000001', '5e-324'],
  ['8000000000000001', '-5e-324'],
  ['7fefffffffffffff', '1.7976931348623157e+308'],
  ['ffefffffffffffff', '-1.7976931348623157e+308'],
  ['4340000000000000', '9007199254740992'],
  ['c340000000000000', '-9007199254740992'],
  ['4430000000000000', '295147905179352830000'],
  ['44b52d02c7e14af5', '9.999999999999997e+22'],
  ['44b52d02c7e14af6', '1e+23'],
  ['44b52d02c7e14af7', '1.0000000000000001e+23'],
  ['444b1ae4d6e2ef4e', '999999999999999700000'],
  ['444b1ae4d6e2ef4f', '999999999999999900000'],
  ['444b1ae4d6e2ef50', '1e+21'],
  ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
  ['3eb0c6f7a0b5ed8d', '0.000001'],
  ['41b3de4355555553', '333333333.3333332'],
  ['41b3de4355555554', '333333333.33333325'],
  ['41b3de4355555555', '333333333.3333333'],
  ['41b3de4355555556', '333333333.3333334'],
  ['41b3de4355555557', '333333333.33333343'],
  ['becbf647612f3696', '-0.0000033333333333333333'],
  ['43143ff3c1cb0959', '1424953923781206.2'],
];

function fromBits(hex: string): number {
  return Buffer.from(hex, 'hex').readDoubleBE();
}

function codeOf(act: () => unknown): string | undefined {
  try {
    act();
  } catch (error) {
    return error instanceof RecordError ? error.code : String(error);
  }
  return undefined;
}

describe('RFC 8785 vectors', () => {
  test.each(NUMBERS)('appendix B: %s is %s', (bits, json) => {
    expect(canonicalize(fromBits(bits))).toBe(json);
  });

  test.each(['7fffffffffffffff', '7ff0000000000000', 'fff0000000000000'])(
    'appendix B: %s is an error',
    (bits) => {
      expect(codeOf(() => canonicalize(fromBits(bits)))).toBe('value_not_json');
    },
  );

  test('section 3.2.2 and 3.2.4: the sample object, down to its bytes', () => {
    const sample = String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`;
    const bytes = encodeCanonical(objectFrom(sample));
    expect(text(bytes)).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
    expect(Buffer.from(bytes).toString('hex')).toBe(
      '7b226c69746572616c73223a5b6e756c6c2c747275652c66616c73655d2c226e756d62657273223a5b3333333333333333332e33333333333333' +
        '2c31652b33302c342e352c302e3030322c31652d32375d2c22737472696e67223a22e282ac245c75303030665c6e4127425c225c5c5c5c5c222f227d',
    );
  });

  test('section 3.2.3: members are sorted by UTF-16 code units', () => {
    const sample = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    };
    const values = [...canonicalize(sample).matchAll(/:"((?:[^"\\]|\\.)*)"/g)].map(([, value]) => value);
    expect(values).toEqual([
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ]);
  });
});

describe('any value', () => {
  const double = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
    fc.maxSafeInteger(),
    // Every magnitude is as likely: the bits are drawn, not the value.
    fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }).map((bits) => {
      const value = fromBits(bits.toString(16).padStart(16, '0'));
      return Number.isFinite(value) ? value : 0;
    }),
  );
  const string = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: fc.integer({ min: 0, max: 0x9f }).map((code) => String.fromCharCode(code)) }),
  );
  const key = fc.oneof(string, fc.constantFrom('__proto__', 'constructor', 'toString', '1', '10', '2', ''));
  const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      fc.oneof(string, double, fc.boolean(), fc.constant(null)),
      fc.array(tie('value'), { maxLength: 6 }),
      fc.dictionary(key, tie('value'), { maxKeys: 8 }),
    ),
  }));

  test('is written as npm canonicalize writes it, and its bytes read back to themselves', () => {
    fc.assert(
      fc.property(value, (generated) => {
        const written = canonicalize({ generated });
        expect(written).toBe(reference({ generated }));
        expect(canonicalize(parseCanonical(encodeCanonical({ generated })))).toBe(written);
      }),
      { numRuns: 10_000 },
    );
  }, 60_000);
});

describe('what has no JSON form', () => {
  test.each([
    ['NaN', Number.NaN],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['a lone high surrogate', 'a\ud800'],
    ['a lone low surrogate', '\udc00a'],
    ['a lone surrogate in a name', { 'x\ud800': 1 }],
    ['undefined', untyped({ a: undefined })],
    ['a bigint', untyped([1n])],
    ['a function', untyped([() => 1])],
  ])('%s is refused', (_, value) => {
    expect(codeOf(() => canonicalize(value))).toBe('value_not_json');
  });

  test('nesting has a limit, and a bomb does not overflow the stack', () => {
    const nested = (depth: number): JsonValue => {
      let value: JsonValue = 0;
      for (let i = 0; i < depth; i++) value = [value];
      return value;
    };
    expect(canonicalize(nested(MAX_JSON_DEPTH))).toHaveLength(2 * MAX_JSON_DEPTH + 1);
    expect(codeOf(() => canonicalize(nested(MAX_JSON_DEPTH + 1)))).toBe('value_too_deep');
    expect(codeOf(() => canonicalize(nested(100_000)))).toBe('value_too_deep');
  });
});
