import { expect, test } from 'vitest';
import { TraceEncoder } from '../../../packages/instrumentation/src/otlp/encoder.ts';
import type { RecordedSpan } from '../../../packages/instrumentation/src/otlp/recorded-span.ts';
import { decodeTraceRequest } from '../../support/instrumentation/otlp-decoder.ts';
import { makeSpan } from '../../support/instrumentation/spans.ts';

/** A span as JavaScript makes it, where no types hold anybody back. */
function careless(overrides: Record<string, unknown>): RecordedSpan {
  return Object.assign(makeSpan({ name: 'careless' }), overrides);
}

const NOT_TEXT = [undefined, null, 42, 7n, true, {}, [], Symbol('x'), new Error('x')];

test.each([
  ...[-1, -300, Infinity, -Infinity, Number.NaN, 1e300, 0.5, 'SERVER'].flatMap((number) => [
    { kind: number },
    { status: { code: number } },
    { droppedLinksCount: number },
  ]),
  ...NOT_TEXT.flatMap((text) => [
    { name: text },
    { status: { code: 2, message: text } },
    { events: [{ name: text, time: [1, 2] }] },
    { instrumentationScope: { name: text, version: text } },
  ]),
  ...[undefined, null, 'context', {}, { traceId: 1, spanId: 2 }].map((context) => ({ links: [{ context }] })),
  { startTime: [-1, 0] },
  { endTime: [Number.NaN, Infinity] },
])('a span is recorded however carelessly it was made, and spoils no other: %o', (overrides) => {
  const bytes = new TraceEncoder('ab'.repeat(16)).encode([
    { span: makeSpan({ name: 'before' }), number: 1 },
    { span: careless(overrides), number: 2 },
    { span: makeSpan({ name: 'after' }), number: 3 },
  ]);
  const spans = decodeTraceRequest(bytes);
  expect(spans.map(({ attributes }) => attributes['audit.sequence.number'])).toEqual(
    expect.arrayContaining([1, 2, 3]),
  );
  expect(spans.filter(({ name }) => name === 'before' || name === 'after')).toHaveLength(2);
});

test('ids that are none show nothing of what was written before', () => {
  const encoder = new TraceEncoder('ab'.repeat(16));
  encoder.encode([{ span: makeSpan({ attributes: { filler: 'x'.repeat(4_096) } }), number: 1 }]);
  const context = { traceId: 'no hexadecimal digits at all, 32', spanId: 'zzzzzzzzzzzzzzzz', traceFlags: 1 };
  const bytes = encoder.encode([{ span: makeSpan({ links: [{ context }] }), number: 2 }]);
  expect(bytes.toString('latin1')).not.toContain('xx');
});
