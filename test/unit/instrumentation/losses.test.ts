import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  LOSS_REPORT_INTERVAL_MS,
  SpoolSink,
} from '../../../packages/instrumentation/src/audit/spool-sink.ts';
import { TraceEncoder } from '../../../packages/instrumentation/src/otlp/encoder.ts';
import { countSpans } from '../../../packages/instrumentation/src/otlp/request-reader.ts';
import { lossReport } from '../../../packages/instrumentation/src/sender/loss-report.ts';
import {
  readLosses,
  reserveLossFile,
  writeLosses,
  type LossState,
} from '../../../packages/instrumentation/src/spool/loss-file.ts';
import type { AppendMode, AppendOutcome } from '../../../packages/instrumentation/src/spool/spool-writer.ts';
import { decodeTraceRequest, type DecodedSpan } from '../../support/instrumentation/otlp-decoder.ts';
import { scratchDirectory } from '../../support/instrumentation/scratch.ts';
import { makeSpan } from '../../support/instrumentation/spans.ts';

const STREAM = 'ab'.repeat(16);

let outcome: AppendOutcome = 'written';
let written: DecodedSpan[] = [];
let modes: AppendMode[] = [];
/** Spans in each payload: as counted, and as the writer was told. */
let counts: [number, number][] = [];
let noted: LossState | undefined;
let sink: SpoolSink;

beforeEach(() => {
  vi.useFakeTimers();
  outcome = 'written';
  written = [];
  modes = [];
  counts = [];
  noted = undefined;
  sink = new SpoolSink({
    streamId: STREAM,
    encoder: new TraceEncoder(STREAM),
    writer: {
      append: (_kind, _numbers, payload, spans, mode) => {
        modes.push(mode);
        const result = mode === 'force' ? 'written' : outcome;
        if (result === 'written') written.push(...decodeTraceRequest(Buffer.from(payload)));
        counts.push([countSpans(payload), spans]);
        return result;
      },
      noteLosses: (state) => {
        noted = state;
      },
    },
    onWritten: () => undefined,
    now: () => Date.now(),
  });
});
afterEach(() => {
  vi.useRealTimers();
});

function emit(count: number, name = 'span'): void {
  for (let index = 0; index < count; index++) sink.emit(makeSpan({ name }));
  sink.flush();
}

function numbers(): number[] {
  return written.map(({ attributes }) => Number(attributes['audit.sequence.number']));
}

function reports(): Record<string, unknown>[] {
  return written.flatMap(({ events }) =>
    events.filter(({ name }) => name === 'audit.records.lost').map(({ attributes }) => attributes),
  );
}

describe('what could not be written', () => {
  test('leaves a hole, and a report that says exactly how large, before what follows', () => {
    emit(3);
    outcome = 'spool_full';
    emit(2);
    emit(5);
    outcome = 'written';
    emit(1, 'after');
    expect(numbers()).toEqual([1, 2, 3, 11, 12]);
    expect(written.map(({ name }) => name)).toEqual(['span', 'span', 'span', 'audit.records.lost', 'after']);
    expect(reports()).toEqual([
      {
        'audit.lost.count': 7,
        'audit.lost.first': 4,
        'audit.lost.last': 10,
        'audit.lost.reason': 'spool_full',
      },
    ]);
    expect(counts).toEqual(counts.map(([, told]) => [told, told]));
    expect(written[3]?.resource).toMatchObject({ 'service.name': 'test' });
  });

  test('is reported although nothing follows', () => {
    outcome = 'disk_full';
    emit(4);
    vi.advanceTimersByTime(3 * LOSS_REPORT_INTERVAL_MS);
    expect(written).toEqual([]);
    outcome = 'written';
    vi.advanceTimersByTime(LOSS_REPORT_INTERVAL_MS);
    expect(reports()).toMatchObject([{ 'audit.lost.count': 4, 'audit.lost.first': 1, 'audit.lost.last': 4 }]);
    expect(numbers()).toEqual([5]);
    vi.advanceTimersByTime(10 * LOSS_REPORT_INTERVAL_MS);
    expect(written).toHaveLength(1);
    expect(modes.filter((mode) => mode === 'wait')).toHaveLength(1);
  });

  test('has a number for each reason', () => {
    outcome = 'spool_full';
    emit(1);
    outcome = 'spool_failed';
    emit(2);
    outcome = 'spool_full';
    emit(1);
    outcome = 'written';
    emit(1);
    expect(reports()).toMatchObject([
      {
        'audit.lost.reason': 'spool_full',
        'audit.lost.count': 2,
        'audit.lost.first': 1,
        'audit.lost.last': 4,
      },
      {
        'audit.lost.reason': 'spool_failed',
        'audit.lost.count': 2,
        'audit.lost.first': 2,
        'audit.lost.last': 3,
      },
    ]);
    expect([...sink.lost]).toEqual([
      ['spool_full', 2],
      ['spool_failed', 2],
    ]);
    expect(sink.emitted).toBe(5);
  });

  test('is reported once a second at most, where room comes and goes', () => {
    for (let index = 0; index < 50; index++) {
      outcome = 'spool_full';
      emit(1);
      outcome = 'written';
      emit(1);
      vi.advanceTimersByTime(20);
    }
    expect(reports().length).toBeLessThanOrEqual(2);
    vi.advanceTimersByTime(2 * LOSS_REPORT_INTERVAL_MS);
    const lost = reports().map((report) => Number(report['audit.lost.count']));
    expect(lost.reduce((sum, count) => sum + count, 0)).toBe(50);
    // What is there and what is reported lost are all that there was.
    expect(numbers().length + 50).toBe(Math.max(...numbers()));
  });

  test('is reported at the end of the process even beyond the bound', () => {
    outcome = 'spool_full';
    emit(6);
    sink.end();
    expect(reports()).toMatchObject([{ 'audit.lost.count': 6 }]);
    expect(noted).toEqual({ total: 6, unreported: [], next: 8 });
  });

  test('is in the folder while it is unreported, and what the next number would be', () => {
    emit(2);
    expect(noted).toBeUndefined();
    outcome = 'spool_full';
    emit(3);
    expect(noted).toEqual({
      total: 3,
      unreported: [{ reason: 'spool_full', count: 3, first: 3, last: 5 }],
      next: 6,
    });
    outcome = 'written';
    emit(1);
    expect(noted).toEqual({ total: 3, unreported: [], next: 7 });
  });

  test('a span that cannot be encoded is counted; the others are written', () => {
    const poison = makeSpan();
    Object.defineProperty(poison, 'events', {
      get: () => {
        throw new Error('on purpose');
      },
    });
    for (const span of [makeSpan(), poison, makeSpan()]) sink.emit(span);
    sink.flush();
    expect(numbers()).toEqual([1, 3]);
    emit(1);
    expect(reports()).toEqual([expect.objectContaining({ 'audit.lost.reason': 'encode_failed' })]);
  });

  test('what is there provisionally is not lost, and what is not has no number yet', () => {
    const held = sink.provisional(makeSpan({ name: 'held' }));
    expect(held).toBe(1);
    outcome = 'spool_full';
    expect(sink.provisional(makeSpan())).toBeUndefined();
    sink.emit(makeSpan({ name: 'held' }), held);
    sink.flush();
    outcome = 'written';
    emit(1);
    expect(reports()).toEqual([]);
    expect(numbers()).toEqual([1, 2]);
  });
});

describe('losses in a folder', () => {
  const state: LossState = {
    total: 9,
    unreported: [
      { reason: 'disk_full', count: 4, first: 10, last: 13 },
      { reason: 'spool_full', count: 2, first: 3, last: 5 },
    ],
    next: 14,
  };

  test('are overwritten in place, in room that was reserved', async () => {
    await using scratch = await scratchDirectory();
    reserveLossFile(scratch.path);
    const size = readFileSync(join(scratch.path, 'losses.json')).length;
    expect(readLosses(scratch.path)).toBeUndefined();
    const all = ['disk_full', 'encode_failed', 'spool_failed', 'spool_full'] as const;
    const largest = Number.MAX_SAFE_INTEGER;
    const large = all.map((reason) => ({ reason, count: largest, first: largest, last: largest }));
    writeLosses(scratch.path, { total: largest, unreported: large, next: largest });
    expect(readLosses(scratch.path)?.unreported).toEqual(large);
    writeLosses(scratch.path, state);
    expect(readLosses(scratch.path)).toEqual(state);
    expect(readFileSync(join(scratch.path, 'losses.json')).length).toBe(size);
  });

  test('are reported by whoever takes it over, the same each time', async () => {
    await using scratch = await scratchDirectory();
    expect(lossReport(scratch.path, STREAM, 0)).toBeUndefined();
    reserveLossFile(scratch.path);
    writeLosses(scratch.path, state);
    const [span] = decodeTraceRequest(lossReport(scratch.path, STREAM, 1_700_000_000_123) ?? Buffer.alloc(0));
    expect(span).toMatchObject({
      name: 'audit.records.lost',
      start: '1700000000123000000',
      attributes: { 'audit.sequence.number': 14 },
      resource: { 'audit.sequence.stream_id': STREAM },
      events: [
        { attributes: { 'audit.lost.reason': 'disk_full', 'audit.lost.count': 4 } },
        { attributes: { 'audit.lost.reason': 'spool_full', 'audit.lost.first': 3, 'audit.lost.last': 5 } },
      ],
    });
    const [again] = decodeTraceRequest(lossReport(scratch.path, STREAM, 5) ?? Buffer.alloc(0));
    expect([again?.traceId, again?.spanId]).toEqual([span?.traceId, span?.spanId]);
    writeLosses(scratch.path, { ...state, unreported: [] });
    expect(lossReport(scratch.path, STREAM, 0)).toBeUndefined();
  });

  test.each([
    '{"total":1',
    '{"total":1,"next":-1,"unreported":[]}',
    '{"total":"1","next":1,"unreported":[]}',
    '{"total":1,"next":1,"unreported":{}}',
    '[]',
  ])('that make no sense are none: %s', async (text) => {
    await using scratch = await scratchDirectory();
    writeFileSync(join(scratch.path, 'losses.json'), text);
    expect(readLosses(scratch.path)).toBeUndefined();
    expect(lossReport(scratch.path, STREAM, 0)).toBeUndefined();
  });

  test('without a folder are not noted, and nothing throws', async () => {
    await using scratch = await scratchDirectory();
    const folder = join(scratch.path, 'absent');
    reserveLossFile(folder);
    writeLosses(folder, state);
    mkdirSync(folder);
    writeLosses(folder, state);
    expect(readLosses(folder)).toBeUndefined();
  });
});

test.each([0, 1, 3, 700])('spans in a request are counted: %i', (count) => {
  const encoder = new TraceEncoder(STREAM);
  const spans = Array.from({ length: count }, (_, index) => ({
    span: makeSpan({
      name: 'x'.repeat(index),
      resource: { attributes: { 'service.name': `s${index % 3}` } },
    }),
    number: index + 1,
  }));
  const request = count === 0 ? Buffer.alloc(0) : Buffer.from(encoder.encode(spans));
  expect(countSpans(request)).toBe(count);
  expect(countSpans(Buffer.concat([request, request]))).toBe(2 * count);
  for (const cut of [1, 5, request.length >> 1]) countSpans(request.subarray(0, -cut));
});
