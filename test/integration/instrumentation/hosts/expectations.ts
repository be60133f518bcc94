import { expect } from 'vitest';
import type { DecodedSpan } from '../../../support/instrumentation/otlp-decoder.ts';

const SERVER = 2;

/** The server spans of a path. */
export function requests(spans: readonly DecodedSpan[], path: string): DecodedSpan[] {
  return spans.filter(
    ({ kind, attributes }) =>
      kind === SERVER && (attributes['url.path'] ?? attributes['http.target']) === path,
  );
}

/** The spans of the trace that a span belongs to. */
export function traceOf(spans: readonly DecodedSpan[], root: DecodedSpan | undefined): DecodedSpan[] {
  return spans.filter(({ traceId }) => traceId === root?.traceId);
}

/** Nothing was recorded twice, and each producer's numbers have no hole. */
export function expectEachOnce(spans: readonly DecodedSpan[]): void {
  const ids = spans.map(({ traceId, spanId }) => `${traceId} ${spanId}`);
  expect(ids).toHaveLength(new Set(ids).size);
  const streams = Map.groupBy(spans, ({ resource }) => resource['audit.sequence.stream_id']);
  for (const [stream, ofStream] of streams) {
    expect(stream).toMatch(/^[0-9a-f]{32}$/);
    const numbers = ofStream.map(({ attributes }) => Number(attributes['audit.sequence.number']));
    expect(numbers.toSorted((a, b) => a - b)).toEqual(numbers.map((_, index) => index + 1));
  }
}
