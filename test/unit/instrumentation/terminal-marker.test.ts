import { beforeEach, describe, expect, test } from 'vitest';
import { SpoolSink } from '../../../packages/instrumentation/src/audit/spool-sink.ts';
import { TraceEncoder } from '../../../packages/instrumentation/src/otlp/encoder.ts';
import type { AppendOutcome } from '../../../packages/instrumentation/src/spool/spool-writer.ts';
import { decodeTraceRequest, type DecodedSpan } from '../../support/instrumentation/otlp-decoder.ts';
import { makeSpan } from '../../support/instrumentation/spans.ts';

const STREAM = 'cd'.repeat(16);

let written: DecodedSpan[] = [];
let outcome: AppendOutcome = 'written';
/** So many appends fail, whatever they want. */
let refusals = 0;
let sink: SpoolSink;

beforeEach(() => {
  written = [];
  outcome = 'written';
  refusals = 0;
  sink = new SpoolSink({
    streamId: STREAM,
    encoder: new TraceEncoder(STREAM),
    writer: {
      append: (_kind, _numbers, payload, _spans, mode) => {
        if (refusals-- > 0) return 'disk_full';
        if (mode !== 'force' && outcome !== 'written') return outcome;
        written.push(...decodeTraceRequest(Buffer.from(payload)));
        return 'written';
      },
      noteLosses: () => undefined,
    },
    onWritten: () => undefined,
    now: () => 0,
  });
});

function seen(): [string, number][] {
  return written.map(({ name, attributes }) => [name, Number(attributes['audit.sequence.number'])]);
}

describe('the terminal marker', () => {
  test('is the last span of a producer that ends, with the last number, once', () => {
    sink.emit(makeSpan());
    sink.end();
    sink.end();
    expect(seen()).toEqual([
      ['span', 1],
      ['audit.producer.ended', 2],
    ]);
    expect(written[1]?.events.map(({ name }) => name)).toEqual(['audit.producer.ended']);
    expect(written[1]?.resource).toMatchObject({ 'service.name': 'test' });
  });

  test('is not written by a producer that recorded nothing', () => {
    sink.end();
    expect(written).toEqual([]);
  });

  test('comes again after what came after it', () => {
    sink.emit(makeSpan());
    sink.end();
    sink.emit(makeSpan());
    sink.end();
    expect(seen().map(([, number]) => number)).toEqual([1, 2, 3, 4]);
    expect(seen().filter(([name]) => name === 'audit.producer.ended')).toHaveLength(2);
  });

  test('comes after the report of what was lost', () => {
    sink.emit(makeSpan());
    sink.flush();
    outcome = 'spool_full';
    sink.emit(makeSpan());
    sink.end();
    expect(seen()).toEqual([
      ['span', 1],
      ['audit.records.lost', 3],
      ['audit.producer.ended', 4],
    ]);
  });

  test('leaves its number to the report of losses that another process has to make', () => {
    // The span, and the report of its loss; there would be room for the marker.
    refusals = 2;
    sink.emit(makeSpan());
    sink.end();
    expect(written).toEqual([]);
    sink.end();
    expect(seen()).toEqual([
      ['audit.records.lost', 2],
      ['audit.producer.ended', 3],
    ]);
  });
});
