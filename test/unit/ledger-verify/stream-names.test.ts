import { expect, test } from 'vitest';
import { ProducerSequences } from '../../../packages/ledger/src/verify/producer-sequences.ts';
import { NO_PLACE, StreamNames } from '../../../packages/ledger/src/verify/stream-names.ts';

/** The place of a name that stands somewhere among other bytes. */
function placeOf(names: StreamNames, name: string): number {
  const bytes = Buffer.from(`"..${name}","audit"....`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return names.placeOfBytes(bytes, view, 3, 3 + name.length);
}

test('a name keeps its place, whatever its length and whatever stands around it', () => {
  const names = new StreamNames();
  const all = Array.from({ length: 600 }, (_, i) => `${i}`.repeat(1 + (i % 60)).slice(0, 256));
  const texts = [...new Set(all)];
  const places = texts.map((text) => placeOf(names, text));
  expect(places).toEqual(texts.map((_, i) => i));
  expect(names.texts).toEqual(texts);
  expect(texts.map((text) => placeOf(names, text))).toEqual(places);
});

test('a name that is too long has no place', () => {
  const names = new StreamNames();
  expect(placeOf(names, 'n'.repeat(256))).toBe(0);
  expect(placeOf(names, 'n'.repeat(257))).toBe(NO_PLACE);
  expect(names.placeOfText('ü'.repeat(257))).toBe(NO_PLACE);
  expect(names.texts).toHaveLength(1);
});

test('names that were met as text are kept beside the others, and said again', () => {
  const names = new StreamNames();
  expect([placeOf(names, 'a'), names.placeOfText('ü'), placeOf(names, 'b'), names.placeOfText('b')]).toEqual([
    0, 1, 2, 3,
  ]);
  expect([placeOf(names, 'a'), names.placeOfText('ü'), placeOf(names, 'b'), names.placeOfText('b')]).toEqual([
    0, 1, 2, 3,
  ]);
  expect(names.texts).toEqual(['a', 'ü', 'b', 'b']);
});

test.each([
  ['names', 32],
  ['bytes', 256],
])('memory is bounded: by how many %s there are', (_what, length) => {
  const names = new StreamNames();
  let count = 0;
  for (; names.hasRoom(256); count++) placeOf(names, `${count}`.padStart(length, 'n'));
  expect(count * length).toBeLessThanOrEqual(2 * 1024 * 1024);
  expect(count).toBeLessThanOrEqual(32_768);
  const before = names.texts;
  names.forget();
  expect(names.hasRoom(256)).toBe(true);
  expect(placeOf(names, 'another')).toBe(0);
  expect(names.texts).toEqual(['another']);
  expect(before).toHaveLength(count);
});

test('sequences are the same by bundles of names that were forgotten meanwhile', () => {
  const [one, other] = [new ProducerSequences(), new ProducerSequences()];
  const names = new StreamNames();
  let repeats = 0;
  for (let bundle = 0; bundle < 20; bundle++) {
    if (bundle % 3 === 2) names.forget();
    const streams = names.texts;
    const streamOf = new Uint16Array(256);
    const numbers = new Float64Array(256);
    for (let slot = 0; slot < 256; slot++) {
      const streamId = slot === 9 ? 'n'.repeat(300) : `stream ${(bundle * 256 + slot) % 97}`;
      const number = slot === 7 ? 1 : Math.floor((bundle * 256 + slot) / 97) + 1;
      streamOf[slot] = placeOf(names, streamId);
      numbers[slot] = number;
      if (one.add(`id-${bundle}-${slot}`, { streamId, number })) repeats += 1;
    }
    const columns = {
      streams,
      streamOf,
      numbers,
      isEvent: new Uint8Array(256),
      ids: [],
      skipped: [],
      gaps: [],
    };
    other.addBundle(columns, () => (repeats -= 1));
  }
  expect(repeats).toBe(0);
  expect(other.untracked).toBe(20);
  expect(other.save()).toEqual(one.save());
});
