import { encodeCanonical, type JsonObject, type JsonValue } from '@spanledger/record';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readEntryFields } from '../../../packages/ledger/src/verify/entry-fields.ts';
import { KernelShapes } from '../../../packages/ledger/src/verify/kernel/kernel-shapes.ts';
import { BUNDLE_AT, Kernel } from '../../../packages/ledger/src/verify/kernel/kernel.ts';
import {
  RecordShapes,
  SHAPE_PADDING_BYTES,
  type ShapeReader,
} from '../../../packages/ledger/src/verify/record-shapes.ts';
import { makeRecord } from './support/memory-log.ts';

const MARGIN = 7;

/** A reader, and the memory that it reads. */
interface Reading {
  shapes: ShapeReader;
  roomFor: (length: number) => Uint8Array<ArrayBuffer>;
}

const READERS: [name: string, open: () => Reading][] = [
  ['in JavaScript', () => ({ shapes: new RecordShapes(), roomFor: (length) => new Uint8Array(length) })],
  [
    'in WebAssembly',
    () => {
      const kernel = Kernel.create();
      if (kernel === undefined) throw new TypeError('no WebAssembly here');
      const shapes = new KernelShapes(kernel);
      const roomFor = (length: number): Uint8Array<ArrayBuffer> => {
        kernel.reserve(length);
        return kernel.bytes.subarray(BUNDLE_AT, BUNDLE_AT + length);
      };
      return { shapes, roomFor };
    },
  ],
];

/** What the shapes say of some bytes, which stand somewhere within a larger buffer. */
function readShaped({ shapes, roomFor }: Reading, record: Uint8Array): Record<string, unknown> | undefined {
  // What surrounds a record must not matter.
  const end = MARGIN + record.length;
  const room = roomFor(end + SHAPE_PADDING_BYTES).fill(0x22, 0, MARGIN);
  room.set(record, MARGIN);
  room.fill(0, end);
  const view = new DataView(room.buffer, room.byteOffset, room.length);
  if (!shapes.read(room, view, MARGIN, end)) return undefined;
  const { fields } = shapes;
  const text = (from: number, to: number): string | undefined =>
    from < 0 ? undefined : Buffer.from(room.subarray(from, to)).toString();
  return {
    index: fields.index < 0 ? undefined : fields.index,
    number: fields.number < 0 ? undefined : fields.number,
    origin: text(fields.originStart, fields.originEnd),
    previous: text(fields.previousStart, fields.previousEnd),
    recordId: text(fields.recordIdStart, fields.recordIdEnd),
    streamId: text(fields.streamIdStart, fields.streamIdEnd),
  };
}

/** Holds the shapes to the parser: what they accept, it accepts, with the same fields. */
function expectAgreement(shapes: Reading, record: Uint8Array): boolean {
  const shaped = readShaped(shapes, record);
  if (shaped === undefined) return false;
  const parsed = readEntryFields(record);
  expect(parsed.ok, Buffer.from(record).toString()).toBe(true);
  if (!parsed.ok) return false;
  const { index, origin, previous, recordId, sequence, hasPrevious } = parsed.value;
  expect(shaped).toMatchObject({ origin, previous, recordId });
  expect(hasPrevious).toBe(previous !== undefined);
  expect(shaped['index']).toBe(index);
  if (sequence !== undefined) {
    const { number, streamId } = shaped;
    expect({ number, streamId }).toEqual(sequence);
  }
  return true;
}

const word = fc.string({ unit: fc.constantFrom(...Array.from('ab:,"\\{}[]0é\n\u{1f600} ')), maxLength: 6 });
const leaf: fc.Arbitrary<JsonValue> = fc.oneof(
  word,
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, 1, 9, 10, 999_999_999_999_999, 1e15, 2 ** 53, 1e21, 1e-7, 0.5),
  fc.boolean(),
  fc.constant(null),
);
const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.oneof(word, fc.constantFrom('audit', 'ledger', 'index')), tie('value'), { maxKeys: 3 }),
  ),
}));
const members = fc.dictionary(
  fc.constantFrom('index', 'origin', 'previous', 'id', 'number', 'stream_id', 'x'),
  value,
  { maxKeys: 4 },
);
const record: fc.Arbitrary<JsonObject> = fc.record(
  {
    '@timestamp': value,
    audit: fc.oneof(
      fc.record({ ledger: members, record: members, sequence: members, z: value }, { requiredKeys: [] }),
      value,
    ),
    ledger: members,
    other: value,
  },
  { requiredKeys: [] },
);

describe.each(READERS)('reading records by their shape %s', (_name, open) => {
  test('agrees with the parser on records of every kind', () => {
    const shapes = open();
    let accepted = 0;
    fc.assert(
      fc.property(record, (made) => {
        if (expectAgreement(shapes, encodeCanonical(made))) accepted += 1;
      }),
      { numRuns: 3_000 },
    );
    expect(accepted).toBeGreaterThan(50);
  });

  test('agrees with the parser on records whose bytes were changed', () => {
    const shapes = open();
    const bytes = Buffer.from(encodeCanonical(makeRecord(12, 'ab'.repeat(32))));
    expect(expectAgreement(shapes, bytes)).toBe(true);
    const texts = [
      '"',
      '\\',
      '\\"',
      '\\u0041',
      '{}',
      '[',
      ',',
      ':',
      '-',
      '0',
      '00',
      '.5',
      'e1',
      ' ',
      '\u0000',
      '\u001f',
      'é',
      '\u00ff',
    ];
    const change = fc.record({
      at: fc.nat(bytes.length),
      remove: fc.integer({ min: 0, max: 4 }),
      insert: fc.oneof(fc.constantFrom(...texts), fc.string({ maxLength: 3 })),
      raw: fc.option(fc.integer({ min: 0, max: 255 })),
    });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        let changed = bytes;
        for (const { at, remove, insert, raw } of changes) {
          const inserted = raw === null ? Buffer.from(insert) : Buffer.of(raw);
          changed = Buffer.concat([changed.subarray(0, at), inserted, changed.subarray(at + remove)]);
        }
        expectAgreement(shapes, changed);
      }),
      { numRuns: 20_000 },
    );
    // What it has met in between did not lead it astray.
    expect(expectAgreement(shapes, bytes)).toBe(true);
  });

  test('agrees with the parser on every record with one byte changed', () => {
    const shapes = open();
    const bytes = encodeCanonical(makeRecord(1_204, 'cd'.repeat(32)));
    expect(expectAgreement(shapes, bytes)).toBe(true);
    for (let at = 0; at < bytes.length; at++) {
      for (let byte = 0; byte < 256; byte++) {
        const changed = new Uint8Array(bytes);
        changed[at] = byte;
        expectAgreement(shapes, changed);
      }
    }
  }, 120_000);

  test('of a record cut short or followed by more, only the parser can tell', () => {
    const shapes = open();
    const bytes = encodeCanonical(makeRecord(1, 'ef'.repeat(32)));
    expect(readShaped(shapes, bytes)).toBeDefined();
    for (let length = 0; length < bytes.length; length++)
      expect(readShaped(shapes, bytes.subarray(0, length))).toBeUndefined();
    for (const more of ['}', ' ', '\n', '{}', '"'])
      expect(readShaped(shapes, Buffer.concat([bytes, Buffer.from(more)]))).toBeUndefined();
  });

  test('goes on when it has met more shapes than it keeps', () => {
    const shapes = open();
    const usual = encodeCanonical(makeRecord(5, '12'.repeat(32)));
    for (let i = 0; i < 3_000; i++) {
      const name = `k${i.toString(36)}`;
      expectAgreement(
        shapes,
        encodeCanonical({ a: { [name]: `${i}`, [`${name}z`]: i }, b: 'x'.repeat(i % 40) }),
      );
    }
    expect(expectAgreement(shapes, usual)).toBe(true);
  });
});
