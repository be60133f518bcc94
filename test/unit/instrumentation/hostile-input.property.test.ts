import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TraceEncoder } from '../../../packages/instrumentation/src/otlp/encoder.ts';
import {
  decodeFrame,
  encodeFrameHead,
  findNextFrame,
} from '../../../packages/instrumentation/src/spool/frame.ts';
import { decodeTraceRequest } from '../../support/instrumentation/otlp-decoder.ts';
import { makeSpan } from '../../support/instrumentation/spans.ts';

const frame = fc
  .record({
    kind: fc.constantFrom<'final' | 'provisional'>('final', 'provisional'),
    numbers: fc.array(fc.nat(), { maxLength: 3 }),
    payload: fc.uint8Array({ maxLength: 60 }),
  })
  .map(({ kind, numbers, payload }) => ({
    content: Buffer.from(payload).toString('hex'),
    bytes: Buffer.concat([encodeFrameHead(kind, numbers, payload), payload]),
  }));

/** What a crash, a bad disk, or somebody with an editor does to a file. */
const damage = fc.oneof(
  fc.record({ how: fc.constant('flip' as const), at: fc.nat(), bit: fc.nat(7) }),
  fc.record({ how: fc.constant('cut' as const), at: fc.nat() }),
  fc.record({ how: fc.constant('insert' as const), at: fc.nat(), bytes: fc.uint8Array({ maxLength: 20 }) }),
);

test('whatever became of a segment, reading it ends, and gives only what was written', () => {
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 5 }), fc.array(damage, { maxLength: 4 }), (frames, damages) => {
      let segment = Buffer.concat(frames.map(({ bytes }) => bytes));
      for (const each of damages) {
        const at = each.at % (segment.length + 1);
        if (each.how === 'cut') segment = segment.subarray(0, at);
        else if (each.how === 'insert')
          segment = Buffer.concat([segment.subarray(0, at), each.bytes, segment.subarray(at)]);
        else if (at < segment.length) segment[at] = (segment[at] ?? 0) ^ (1 << each.bit);
      }
      const read: string[] = [];
      let offset: number | undefined = 0;
      while (offset !== undefined && offset < segment.length) {
        const reading = decodeFrame(segment, offset);
        if (typeof reading === 'string') {
          offset = findNextFrame(segment, offset + 1);
          continue;
        }
        expect(reading.end).toBeGreaterThan(offset);
        read.push(reading.payload.toString('hex'));
        offset = reading.end;
      }
      const written = frames.map(({ content }) => content);
      if (damages.length === 0) expect(read).toEqual(written);
      for (const content of read) expect(written).toContain(content);
    }),
    { numRuns: 1_000 },
  );
});

const anything = fc.anything({
  maxDepth: 3,
  withBigInt: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
  stringUnit: 'binary',
});
const number = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(-1, 2 ** 31, 2 ** 53, Infinity, NaN));
const time = fc.tuple(number, number);

test('a span that may hold anything is encoded, and the spans beside it come out whole', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ unit: 'binary' }), anything, { maxKeys: 6 }),
      time,
      number,
      fc.array(fc.record({ name: fc.string(), time, attributes: fc.dictionary(fc.string(), anything) }), {
        maxLength: 3,
      }),
      (attributes, startTime, code, events) => {
        const careless = makeSpan({
          attributes,
          startTime,
          endTime: startTime,
          kind: code,
          status: { code },
          events: events.map((event) => ({ ...event, droppedAttributesCount: code })),
          droppedAttributesCount: code,
        });
        const careful = makeSpan({ name: 'careful', attributes: { key: 'value' } });
        const request = new TraceEncoder('stream').encode([
          { span: careless, number: 1 },
          { span: careful, number: 2 },
        ]);
        const decoded = decodeTraceRequest(request);
        expect(decoded).toHaveLength(2);
        expect(decoded[1]).toMatchObject({ name: 'careful', start: '1700000000000000001' });
        expect(decoded[1]?.attributes).toEqual({ key: 'value', 'audit.sequence.number': 2 });
      },
    ),
    { numRuns: 1_000 },
  );
});
