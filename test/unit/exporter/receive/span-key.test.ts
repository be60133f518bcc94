import { expect, test } from 'vitest';
import { idOf, keyAlone, keyInStream, keyOf } from '../../../../packages/exporter/src/receive/span-key.ts';
import { KnownSpan } from '../../../../packages/exporter/src/receive/transcode/known-span.ts';

const TRACE = '0123456789abcdef0123456789abcdef';
const SPAN = 'fedcba9876543210';
const STREAM = 'x-stream_1';

test('a key is the trace and the span, and an id is made of it again', () => {
  for (const stream of ['0', STREAM]) {
    const key = keyOf(`${TRACE}-${SPAN}-${stream}`, stream);
    expect(Buffer.from(key.buffer).toString('hex')).toBe(TRACE + SPAN);
    expect(idOf(key, stream)).toBe(`${TRACE}-${SPAN}-${stream}`);
  }
});

test('ids that are not the same have other keys', () => {
  const ids = [
    `${TRACE}-${SPAN}-0`,
    `${TRACE}-${SPAN}-00`,
    `${TRACE}-${SPAN}-${STREAM}`,
    `${TRACE}-${SPAN}-0-e1`,
    `${TRACE}-${SPAN.slice(1)}-0`,
    `${TRACE.toUpperCase()}-${SPAN}-0`,
    `${TRACE}_${SPAN}-0`,
    '0',
    '',
  ];
  for (const stream of ['0', '00', STREAM]) {
    expect(new Set(ids.map((id) => keyOf(id, stream).join())).size).toBe(ids.length);
  }
});

test('a known span is told apart as one of objects is', () => {
  const id = (stream: string): string => `${TRACE}-${SPAN}-${stream}`;
  const known = new KnownSpan(keyOf(id('0'), '0'));
  const cases = [
    { streamId: '', number: 0, as: { id: id('0') } },
    // What nobody gives numbers to has none, whatever it says.
    { streamId: '', number: 7, as: { id: id('0') } },
    { streamId: STREAM, number: 0, as: { id: id(STREAM) } },
    { streamId: STREAM, number: 7, as: { id: id(STREAM), producer: { streamId: STREAM, number: 7 } } },
  ];
  for (const { streamId, number, as } of cases) {
    known.set(streamId, number);
    expect(known.keep()).toEqual(as);
    expect(keyAlone(known)).toEqual(keyAlone(as));
    if (as.producer !== undefined) expect(keyInStream(known, streamId)).toEqual(keyInStream(as, streamId));
  }
});
