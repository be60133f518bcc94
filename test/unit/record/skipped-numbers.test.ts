import { describe, expect, it } from 'vitest';
import { MAX_SKIPPED_RUNS, readSkippedNumbers, type JsonObject } from '@spanledger/record';

const record = (skipped: JsonObject): JsonObject => ({ audit: { policy: { skipped } } });

describe('the numbers that a policy left out', () => {
  it.each([[[1, 1]], [[1, 5, 7, 7, 9, 2 ** 52]]])('%j', (numbers) => {
    expect(readSkippedNumbers(record({ stream_id: 's', count: 9, numbers }))).toEqual({
      streamId: 's',
      bounds: numbers,
    });
  });

  it.each<[string, JsonObject]>([
    ['no stream', { numbers: [1, 1] }],
    ['a stream without a name', { stream_id: '', numbers: [1, 1] }],
    ['no numbers', { stream_id: 's', count: 3 }],
    ['an empty list', { stream_id: 's', numbers: [] }],
    ['a run without an end', { stream_id: 's', numbers: [1, 2, 4] }],
    ['a run that ends before it begins', { stream_id: 's', numbers: [3, 2] }],
    ['runs that touch', { stream_id: 's', numbers: [1, 2, 3, 4] }],
    ['runs that overlap', { stream_id: 's', numbers: [1, 5, 4, 8] }],
    ['runs that are not in order', { stream_id: 's', numbers: [5, 6, 1, 2] }],
    ['zero', { stream_id: 's', numbers: [0, 2] }],
    ['a fraction', { stream_id: 's', numbers: [1, 2.5] }],
    ['a text', { stream_id: 's', numbers: [1, '2'] }],
    ['what no double holds exactly', { stream_id: 's', numbers: [1, 2 ** 60] }],
    [
      'too many',
      { stream_id: 's', numbers: Array.from({ length: 2 * MAX_SKIPPED_RUNS + 2 }, (_, i) => 2 * (i + 1)) },
    ],
  ])('are none of %s', (_, skipped) => {
    expect(readSkippedNumbers(record(skipped))).toBeUndefined();
  });

  it('are none of another record', () => {
    expect(readSkippedNumbers({})).toBeUndefined();
    expect(readSkippedNumbers({ audit: { policy: { rule: 'a' } } })).toBeUndefined();
    expect(readSkippedNumbers({ audit: 'x' })).toBeUndefined();
  });
});
