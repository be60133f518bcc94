import { describe, expect, test } from 'vitest';
import { MAX_JSON_DEPTH, RecordError, parseCanonical } from '@spanledger/record';
import { at, utf8 } from './samples.ts';

function refusal(bytes: Uint8Array | string): string | undefined {
  try {
    parseCanonical(typeof bytes === 'string' ? utf8.encode(bytes) : bytes);
  } catch (error) {
    return error instanceof RecordError ? error.code : String(error);
  }
  return undefined;
}

const NOT_CANONICAL: readonly (readonly [string, string])[] = [
  ['a duplicate member', '{"a":1,"a":1}'],
  ['a duplicate member with another value', '{"a":1,"a":2}'],
  ['members out of order', '{"b":1,"a":2}'],
  ['members out of order by UTF-16', '{"\ufb33":1,"\ud83d\ude00":2}'],
  ['members out of order, nested', '{"x":[{"b":1,"a":2}]}'],
  ['a blank after a colon', '{"a": 1}'],
  ['a blank after a comma', '{"a":1, "b":2}'],
  ['a line break inside', '{"a":[1,\n2]}'],
  ['a blank at the end', '{"a":1} '],
  ['a line break at the end', '{"a":1}\n'],
  ['an escaped slash', '{"a":"\\/"}'],
  ['an escaped letter', '{"a":"\\u0061"}'],
  ['an escaped euro sign', '{"a":"\\u20ac"}'],
  ['an escaped line feed in its long form', '{"a":"\\u000a"}'],
  ['an upper-case escape', '{"a":"\\u001F"}'],
  ['an escaped member name', '{"\\u0061":1}'],
  ['an escaped surrogate pair', '{"a":"\\ud83d\\ude00"}'],
  ['an escaped lone surrogate', '{"a":"\\ud800"}'],
  ['1.0', '{"a":1.0}'],
  ['1e2', '{"a":1e2}'],
  ['1E21', '{"a":1E21}'],
  ['1e21 without its sign', '{"a":1e21}'],
  ['-0', '{"a":-0}'],
  ['01', '{"a":01}'],
  ['+1', '{"a":+1}'],
  ['.5', '{"a":.5}'],
  ['5.', '{"a":5.}'],
  ['more digits than a double has', '{"a":0.1000000000000000055}'],
  ['an integer beyond 2^53 that is no double', '{"a":9007199254740993}'],
  ['a number beyond every double', '{"a":1e999}'],
  ['an escape that does not exist', '{"a":"\\x"}'],
  ['an unfinished escape', '{"a":"\\u12"}'],
];

const MALFORMED: readonly (readonly [string, string | Uint8Array])[] = [
  ['nothing', ''],
  ['an array', '[]'],
  ['a string', '"a"'],
  ['null', 'null'],
  ['a number', '1'],
  ['an unfinished object', '{"a":1'],
  ['an unfinished string', '{"a":"b'],
  ['an unfinished name', '{"a'],
  ['a missing colon', '{"a"1}'],
  ['a missing value', '{"a":}'],
  ['a missing comma', '{"a":1"b":2}'],
  ['a comma too many', '{"a":1,}'],
  ['a comma too many in an array', '{"a":[1,]}'],
  ['brackets that do not match', '{"a":[1}'],
  ['a name without quotes', '{a:1}'],
  ['single quotes', "{'a':1}"],
  ['NaN', '{"a":NaN}'],
  ['Infinity', '{"a":Infinity}'],
  ['undefined', '{"a":undefined}'],
  ['half a literal', '{"a":tru}'],
  ['a second object', '{}{}'],
  ['trailing bytes', '{"a":1}x'],
  ['a trailing NUL', '{"a":1}\u0000'],
  ['a byte order mark', '\ufeff{"a":1}'],
  ['a raw control character in a string', '{"a":"\u0001"}'],
  ['a raw line feed in a string', '{"a":"\n"}'],
  ['a byte that UTF-8 never has', Buffer.from('{"a":"\xff"}', 'latin1')],
  ['an overlong encoding', Buffer.from('{"a":"\xc0\xaf"}', 'latin1')],
  ['a surrogate in UTF-8', Buffer.from('{"a":"\xed\xa0\x80"}', 'latin1')],
  ['a cut UTF-8 sequence', Buffer.from('{"a":"\xe2\x82"}', 'latin1')],
];

describe('strict parser', () => {
  test.each(NOT_CANONICAL)('refuses as not canonical: %s', (_, json) => {
    expect(refusal(json)).toBe('record_not_canonical');
  });

  test.each(MALFORMED)('refuses as malformed: %s', (_, bytes) => {
    expect(refusal(bytes)).toBe('record_malformed');
  });

  test('refuses what nests too deep, without overflowing the stack', () => {
    const nested = (depth: number): string => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
    expect(refusal(nested(MAX_JSON_DEPTH))).toBeUndefined();
    expect(refusal(nested(MAX_JSON_DEPTH + 1))).toBe('value_too_deep');
    expect(refusal(`{"a":${'['.repeat(1_000_000)}`)).toBe('value_too_deep');
    expect(refusal('{"a":'.repeat(1_000_000))).toBe('value_too_deep');
  });

  test('reads every kind of value', () => {
    const json = '{"":"","a":[null,true,false,-1.5,1e+21,"\\n\\u001f\\"\\\\€😀"],"b":{"c":{}}}';
    expect(JSON.stringify(parseCanonical(utf8.encode(json)))).toBe(JSON.stringify(JSON.parse(json)));
  });

  test('keeps names that other objects inherit as ordinary members, and inherits none', () => {
    const object = parseCanonical(utf8.encode('{"__proto__":{"admin":true},"x":1}'));
    expect(Object.keys(object)).toEqual(['__proto__', 'x']);
    expect(at(object, '__proto__.admin')).toBe(true);
    expect('admin' in object).toBe(false);
    expect(object['constructor']).toBeUndefined();
    expect(object['toString']).toBeUndefined();
  });
});
