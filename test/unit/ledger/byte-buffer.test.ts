import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteBuffer, copyInto } from '../../../packages/ledger/src/byte-buffer.ts';

/** Memory of its own, or shared with other threads. */
function bufferOf(bytes: Uint8Array, isShared: boolean): Buffer {
  const buffer = Buffer.from(isShared ? new SharedArrayBuffer(bytes.length) : new ArrayBuffer(bytes.length));
  buffer.set(bytes);
  return buffer;
}

test('copies what it is told to, and touches nothing around it', () => {
  const bytes = fc.uint8Array({ maxLength: 40 });
  const at = fc.nat({ max: 41 });
  fc.assert(
    fc.property(
      bytes,
      at,
      at,
      fc.boolean(),
      fc.boolean(),
      (content, one, other, isShared, isTargetShared) => {
        const [start, end] = [Math.min(one, other), Math.max(one, other)];
        const source = bufferOf(content, isShared);
        const target = bufferOf(new Uint8Array(60).fill(0xee), isTargetShared);
        const expected = content.slice(start, end);
        expect(copyInto(target, 10, source, start, end)).toBe(expected.length);
        expect([...target]).toEqual([
          ...Array<number>(10).fill(0xee),
          ...expected,
          ...Array<number>(50 - expected.length).fill(0xee),
        ]);
      },
    ),
  );
});

test('a buffer holds what was pushed, however it grew, in memory of its own or shared', () => {
  const piece = fc.tuple(fc.uint8Array({ maxLength: 30 }), fc.boolean());
  fc.assert(
    fc.property(fc.array(piece), fc.boolean(), (pieces, isShared) => {
      const buffer = new ByteBuffer(0, isShared);
      for (const [bytes, isPart] of pieces) {
        if (isPart) buffer.push(bytes, 0, bytes.length >> 1);
        else buffer.push(bytes);
      }
      const whole = pieces.map(([bytes, isPart]) => bytes.slice(0, isPart ? bytes.length >> 1 : undefined));
      expect(buffer.view).toEqual(Buffer.concat(whole));
    }),
  );
});
