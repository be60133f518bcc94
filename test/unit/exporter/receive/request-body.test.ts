import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { MAX_BODY_BYTES } from '../../../../packages/exporter/src/receive/limits.ts';
import { discardBody, receiveBody } from '../../../../packages/exporter/src/receive/request-body.ts';

/** Bytes that can be told from others, in memory of their own. */
function pieceOf(length: number, letter: string): Buffer {
  return Buffer.allocUnsafeSlow(length).fill(letter);
}

/** Has a body come in pieces; what became of it. */
async function receive(
  pieces: readonly Buffer[],
  announced?: number,
  onPiece: (sizeBytes: number) => void = () => undefined,
): Promise<Buffer> {
  const payload = new PassThrough({ highWaterMark: 0 });
  const received = new Promise<Buffer>((resolve, reject) => {
    receiveBody(payload, {
      announced,
      onPiece,
      onEnd: (error, body) => {
        if (body === undefined) reject(error ?? new Error('neither a body nor an error'));
        else resolve(body);
      },
    });
  });
  for (const piece of pieces) payload.write(piece);
  payload.end();
  return await received;
}

test.each([[undefined], [300_000]])(
  'a body in one piece of memory, whatever it came in, announced with %s',
  async (announced) => {
    const pieces = ['a', 'b', 'c'].map((letter) => pieceOf(100_000, letter));
    const body = await receive(pieces, announced);
    expect(body).toEqual(Buffer.concat(['a', 'b', 'c'].map((letter) => pieceOf(100_000, letter))));
    // What they came in is given back.
    expect(pieces.map(({ length }) => length)).toEqual([0, 0, 0]);
  },
);

test('what comes in one piece is not moved', async () => {
  const piece = pieceOf(1000, 'a');
  const body = await receive([piece], 1000);
  expect(body.toString()).toBe('a'.repeat(1000));
  expect(body.buffer).toBe(piece.buffer);
});

test('none at all', async () => {
  expect(await receive([], 0)).toHaveLength(0);
  expect(await receive([])).toHaveLength(0);
});

test('one that is as long as one may be, and one that is longer', async () => {
  const quarters = (): Buffer[] => ['a', 'b', 'c', 'd'].map((letter) => pieceOf(MAX_BODY_BYTES / 4, letter));
  expect(await receive(quarters())).toHaveLength(MAX_BODY_BYTES);
  const tooLarge = { code: 'request_too_large' };
  await expect(receive([...quarters(), pieceOf(1, 'e')])).rejects.toMatchObject(tooLarge);
  await expect(receive([], MAX_BODY_BYTES + 1)).rejects.toMatchObject(tooLarge);
});

test('less, or more, than was announced', async () => {
  const malformed = { code: 'request_malformed' };
  await expect(receive([pieceOf(10, 'a')], 11)).rejects.toMatchObject(malformed);
  await expect(receive([pieceOf(10, 'a')], 9)).rejects.toMatchObject(malformed);
  await expect(receive([pieceOf(10, 'a'), pieceOf(10, 'b')], 10)).rejects.toMatchObject(malformed);
  await expect(receive([pieceOf(5, 'a'), pieceOf(10, 'b')], 10)).rejects.toMatchObject(malformed);
});

test('a sender that breaks off', async () => {
  const payload = new PassThrough();
  const answers: unknown[] = [];
  receiveBody(payload, {
    announced: 100,
    onPiece: () => undefined,
    onEnd: (error, body) => answers.push(error, body),
  });
  payload.write(pieceOf(10, 'a'));
  payload.destroy(new Error('aborted'));
  await expect.poll(() => answers).toHaveLength(2);
  expect(answers).toMatchObject([{ code: 'request_malformed', cause: { message: 'aborted' } }, undefined]);
});

test('a piece that there is no room for ends it, and what comes then is not kept', async () => {
  const pieces = [pieceOf(100_000, 'a'), pieceOf(100_000, 'b'), pieceOf(100_000, 'c')];
  let held = 0;
  const noRoom = new Error('no room');
  const received = receive(pieces, 300_000, (sizeBytes) => {
    if (held + sizeBytes > 150_000) throw noRoom;
    held += sizeBytes;
  });
  await expect(received).rejects.toBe(noRoom);
  await expect.poll(() => pieces.map(({ length }) => length)).toEqual([0, 0, 0]);
  expect(held).toBe(100_000);
});

test('what is announced takes no memory before it comes', async () => {
  const before = process.memoryUsage().arrayBuffers;
  const payload = new PassThrough();
  receiveBody(payload, { announced: MAX_BODY_BYTES, onPiece: () => undefined, onEnd: () => undefined });
  payload.write(pieceOf(10, 'a'));
  await expect.poll(() => payload.readableLength).toBe(0);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(MAX_BODY_BYTES / 2);
  payload.destroy();
});

test('small Buffers share their memory: what lies beside them stays', async () => {
  const [mine, theirs] = [Buffer.from('mine'), Buffer.from('theirs')];
  expect(mine.buffer).toBe(theirs.buffer);
  expect((await receive([mine])).toString()).toBe('mine');
  expect(theirs.toString()).toBe('theirs');
});

test('a body that nobody looks at takes no memory', async () => {
  const payload = new PassThrough();
  discardBody(payload);
  const piece = pieceOf(100_000, 'a');
  payload.end(piece);
  await once(payload, 'end');
  expect(piece).toHaveLength(0);
});
