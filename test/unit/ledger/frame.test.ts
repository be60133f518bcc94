import { createSecretKey, randomBytes } from 'node:crypto';
import { memoryStorage } from '@spanledger/ledger';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeHeader,
  decryptOpenings,
  encodeFrame,
  entriesOf,
  FRAME_HEADER_BYTES,
  frameBytes,
  isIntact,
  sealOf,
  splitEntries,
  type FrameContent,
  type FrameHeader,
} from '../../../packages/ledger/src/journal/frame.ts';
import {
  emptySegment,
  scanSegment,
  segmentFile,
  type ReadFrame,
} from '../../../packages/ledger/src/journal/segment.ts';

const key = createSecretKey(Buffer.alloc(32, 7));

function contentOf(
  first: number,
  entries: readonly Uint8Array[],
  openings: readonly Uint8Array[],
): FrameContent {
  const lengths = Buffer.alloc(openings.length * 4);
  openings.forEach(({ length }, i) => lengths.writeUInt32BE(length, i * 4));
  const bundle = entries.flatMap((entry) => {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(entry.length);
    return [length, entry];
  });
  return {
    first,
    count: entries.length,
    entries: Buffer.concat(bundle),
    openingLengths: lengths,
    openings: Buffer.concat(openings),
  };
}

function encode(first: number, texts: readonly string[]): Buffer {
  const bytes = texts.map((text) => Buffer.from(text));
  return Buffer.concat(encodeFrame(contentOf(first, bytes, bytes), key, randomBytes(12)));
}

function openingsOf(header: FrameHeader, frame: Buffer, opener = key): Uint8Array[] {
  const { start, end } = sealOf(header);
  return decryptOpenings(header, frame.subarray(start, end), opener);
}

async function scan(bytes: Uint8Array): Promise<{ end: string | undefined; frames: ReadFrame[] }> {
  const segment = emptySegment(5);
  const storage = await memoryStorage().lock('test');
  await storage.put([{ name: segmentFile(segment.name), bytes }]);
  const frames: ReadFrame[] = [];
  const end = await scanSegment(storage, segment, (frame) => frames.push(frame));
  return { end, frames };
}

describe('frame', () => {
  test('gives back what was written', () => {
    const group = fc.array(
      fc.record({ entry: fc.uint8Array({ maxLength: 300 }), opening: fc.uint8Array({ maxLength: 300 }) }),
      { minLength: 1, maxLength: 20 },
    );
    fc.assert(
      fc.property(fc.maxSafeNat(), group, (first, pairs) => {
        const entries = pairs.map(({ entry }) => entry);
        const openings = pairs.map(({ opening }) => opening);
        const frame = Buffer.concat(encodeFrame(contentOf(first, entries, openings), key, randomBytes(12)));
        const header = decodeHeader(frame);
        if (header === undefined) throw new Error('no header');
        expect(header).toMatchObject({ first, count: pairs.length });
        expect(frameBytes(header)).toBe(frame.length);
        expect(isIntact(header, frame)).toBe(true);
        expect(splitEntries(entriesOf(header, frame)).map((entry) => Uint8Array.from(entry))).toEqual(
          entries,
        );
        expect(openingsOf(header, frame).map((opening) => Uint8Array.from(opening))).toEqual(openings);
      }),
    );
  });

  test('no bit can change unnoticed', () => {
    const frame = encode(3, ['{"a":1}', '', '{"b":2}']);
    for (let bit = 0; bit < frame.length * 8; bit++) {
      const changed = Buffer.from(frame);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const header = decodeHeader(changed);
      expect(header !== undefined && isIntact(header, changed), `bit ${bit}`).toBe(false);
    }
  });

  test('does not open openings with another key, or under another header', () => {
    const frame = encode(3, ['{"a":1}']);
    const header = decodeHeader(frame);
    if (header === undefined) throw new Error('no header');
    const otherKey = createSecretKey(Buffer.alloc(32, 8));
    expect(() => openingsOf(header, frame, otherKey)).toThrow(
      expect.objectContaining({ code: 'journal_damaged' }),
    );
    expect(() => openingsOf({ ...header, first: 4 }, frame)).toThrow(
      expect.objectContaining({ code: 'journal_damaged' }),
    );
  });

  test('holds no opening in the clear', () => {
    const opening = Buffer.from('{"user":"somebody in particular"}');
    const frame = Buffer.concat(
      encodeFrame(contentOf(0, [Buffer.from('{}')], [opening]), key, randomBytes(12)),
    );
    expect(frame.includes('somebody')).toBe(false);
  });
});

describe('segment scan', () => {
  const frames = [encode(5, ['one', 'two']), encode(7, ['three']), encode(8, ['four', 'five', 'six'])];
  const whole = Buffer.concat(frames);
  const lastStart = whole.length - (frames[2]?.length ?? 0);

  test('reads all frames of a sound file', async () => {
    const { end, frames: read } = await scan(whole);
    expect(end).toBe('clean');
    expect(read.map(({ header }) => header.first)).toEqual([5, 7, 8]);
  });

  test('a file cut anywhere in its last frame is torn there, and the frames before it are kept', async () => {
    for (let length = lastStart + 1; length < whole.length; length++) {
      const { end, frames: read } = await scan(whole.subarray(0, length));
      expect({ length, end, count: read.length }).toEqual({ length, end: 'torn', count: 2 });
    }
  });

  test('a last frame of which only some pages arrived is torn', async () => {
    const zeroHeader = Buffer.from(whole);
    zeroHeader.fill(0, lastStart, lastStart + FRAME_HEADER_BYTES);
    const zeroBody = Buffer.from(whole);
    zeroBody.fill(0, lastStart + FRAME_HEADER_BYTES);
    for (const bytes of [zeroHeader, zeroBody]) expect((await scan(bytes)).end).toBe('torn');
  });

  test('room behind the last frame is no damage, whatever arrived of that frame; anything else behind it is', async () => {
    const room = Buffer.alloc(1000);
    const { end, frames: read } = await scan(Buffer.concat([whole, room]));
    expect({ end, count: read.length }).toEqual({ end: 'torn', count: 3 });
    for (let at = lastStart; at < whole.length; at++) {
      const torn = Buffer.concat([whole, room]);
      torn.fill(0, at, whole.length);
      expect({ at, end: (await scan(torn)).end }).toEqual({ at, end: 'torn' });
      torn[torn.length - 1] = 1;
      if (at >= lastStart + FRAME_HEADER_BYTES) expect((await scan(torn)).end).toBe('damaged');
    }
  });

  test('a changed bit before the last frame is damage', async () => {
    for (let at = 0; at < lastStart; at++) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ 0x10;
      expect({ at, end: (await scan(changed)).end }).toEqual({ at, end: 'damaged' });
    }
  });

  test('bytes after the last frame are torn, a frame at the wrong index is damage', async () => {
    expect((await scan(Buffer.concat([whole, Buffer.from('SPLJ')]))).end).toBe('torn');
    expect((await scan(Buffer.concat([whole, encode(12, ['x'])]))).end).toBe('damaged');
  });

  test('goes on from where it was', async () => {
    const segment = emptySegment(5);
    const file = segmentFile(segment.name);
    const storage = await memoryStorage().lock('test');
    await storage.put([{ name: file, bytes: frames[0] ?? Buffer.alloc(0) }]);
    await scanSegment(storage, segment);
    await storage.append(file, segment.sizeBytes, frames.slice(1));
    const read: number[] = [];
    await scanSegment(storage, segment, ({ header }) => read.push(header.first));
    expect(read).toEqual([7, 8]);
    expect(segment.end).toBe(11);
  });
});
