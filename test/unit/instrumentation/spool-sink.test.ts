import { expect, test, vi } from 'vitest';
import { MAX_PAYLOAD_BYTES, SpoolSink } from '../../../packages/instrumentation/src/audit/spool-sink.ts';
import { TraceEncoder } from '../../../packages/instrumentation/src/otlp/encoder.ts';
import { decodeTraceRequest } from '../../support/instrumentation/otlp-decoder.ts';
import { makeSpan } from '../../support/instrumentation/spans.ts';

test('large spans are divided into frames that a receiver takes', () => {
  const frames: { numbers: readonly number[]; payload: Buffer; spans: number }[] = [];
  const sink = new SpoolSink({
    streamId: 'f'.repeat(32),
    encoder: new TraceEncoder('f'.repeat(32)),
    writer: {
      append: (_kind, numbers, payload, spans) => {
        frames.push({ numbers, payload: Buffer.from(payload), spans });
        return 'written';
      },
      noteLosses: () => undefined,
    },
    onWritten: () => undefined,
    now: () => 0,
  });
  const attributes = Object.fromEntries(
    Array.from({ length: 10 }, (_, index) => [`k${index}`, 'x'.repeat(60_000)]),
  );
  const held = sink.provisional(makeSpan({ attributes }));
  for (let index = 0; index < 20; index++)
    sink.emit(makeSpan({ attributes }), index === 7 ? held : undefined);
  sink.flush();
  const [provisional, ...final] = frames;
  expect(provisional).toMatchObject({ numbers: [held], spans: 1 });
  expect(final.length).toBeGreaterThan(3);
  for (const { payload, spans } of final) {
    expect(payload.length).toBeLessThanOrEqual(MAX_PAYLOAD_BYTES);
    expect(decodeTraceRequest(payload)).toHaveLength(spans);
  }
  expect(final.flatMap(({ numbers }) => numbers)).toEqual([held]);
  const numbers = final
    .flatMap(({ payload }) => decodeTraceRequest(payload))
    .map(({ attributes: all }) => all['audit.sequence.number']);
  expect(new Set(numbers)).toEqual(new Set(Array.from({ length: 20 }, (_, index) => index + 1)));
});

test('a clock that is set back delays nothing', async () => {
  let now = 1_000_000;
  let written = 0;
  const sink = new SpoolSink({
    streamId: 'f'.repeat(32),
    encoder: new TraceEncoder('f'.repeat(32)),
    writer: {
      append: (_kind, _numbers, _payload, spans) => {
        written += spans;
        return 'written';
      },
      noteLosses: () => undefined,
    },
    onWritten: () => undefined,
    now: () => now,
  });
  sink.emit(makeSpan());
  sink.flush();
  now = -1_000_000;
  sink.emit(makeSpan());
  await vi.waitFor(() => {
    expect(written).toBe(2);
  });
});
