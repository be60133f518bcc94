import { expect, test } from 'vitest';
import {
  MAX_RANGES_PER_STREAM,
  MAX_RECENT_IDS,
  MAX_RECENT_NUMBERS,
  MAX_STREAMS,
  Producers,
} from '../../../../packages/exporter/src/receive/producers.ts';

function numbered(
  streamId: string,
  number: number,
): { id: string; producer: { streamId: string; number: number } } {
  return { id: `${streamId}-${number}`, producer: { streamId, number } };
}

test('recognises repeats by producer and number, or by id', () => {
  const producers = new Producers();
  expect(producers.add(numbered('a', 1))).toBe(true);
  expect(producers.add(numbered('a', 1))).toBe(false);
  expect(producers.add(numbered('b', 1))).toBe(true);
  expect(producers.add({ id: 'x' })).toBe(true);
  expect(producers.add({ id: 'x' })).toBe(false);
  producers.delete(numbered('a', 1));
  producers.delete({ id: 'x' });
  expect(producers.has(numbered('a', 1))).toBe(false);
  expect(producers.add({ id: 'x' })).toBe(true);
});

test('a snapshot restores what it was taken of', () => {
  const producers = new Producers();
  for (const number of [1, 2, 3, 7]) producers.add(numbered('__proto__', number));
  const restored = new Producers();
  const snapshot = producers.snapshot();
  restored.restore(snapshot);
  expect(snapshot).toEqual({ streams: [['__proto__', [1, 3, 7, 7]]], unsequenced: false });
  expect([3, 4, 7].map((number) => restored.has(numbered('__proto__', number)))).toEqual([true, false, true]);
  expect(producers.add({ id: 'x' }) && producers.snapshot().unsequenced).toBe(true);
});

test('memory is bounded, and only the oldest is forgotten', () => {
  const producers = new Producers();
  for (let i = 0; i <= MAX_STREAMS; i++) producers.add(numbered(`stream ${i}`, 1));
  expect(producers.streams).toBe(MAX_STREAMS);
  expect(producers.has(numbered('stream 0', 1))).toBe(false);
  expect(producers.has(numbered('stream 1', 1))).toBe(true);

  for (let i = 0; i <= MAX_RECENT_IDS; i++) producers.add({ id: `id ${i}` });
  expect(producers.has({ id: 'id 0' })).toBe(false);
  expect(producers.has({ id: 'id 1' })).toBe(true);

  for (let i = 0; i <= MAX_RANGES_PER_STREAM; i++) producers.add(numbered('holes', 1 + 2 * i));
  expect(producers.has(numbered('holes', 1))).toBe(false);
  expect(producers.has(numbered('holes', 3))).toBe(true);
  // What was never sent is never taken for a repeat.
  expect(producers.has(numbered('holes', 4))).toBe(false);
});

test('another span with a number that is taken is no repeat, and its own repeats are', () => {
  const producers = new Producers();
  const first = numbered('a', 1);
  const other = { ...numbered('a', 1), id: 'another span' };
  expect(producers.add(first)).toBe(true);
  expect(producers.has(other)).toBe(false);
  expect(producers.add(other)).toBe(true);
  expect(producers.add(other)).toBe(false);
  expect(producers.conflicts).toBe(1);
  // Taking back the second leaves the first as it was.
  producers.delete(other);
  expect([producers.has(first), producers.has(other)]).toEqual([true, false]);
});

test('past the bound of remembered numbers a number that is taken means a repeat', () => {
  const producers = new Producers();
  for (let i = 1; i <= MAX_RECENT_NUMBERS + 1; i++) producers.add(numbered('a', i));
  expect(producers.add({ ...numbered('a', 1), id: 'another span' })).toBe(false);
  expect(producers.add({ ...numbered('a', 2), id: 'another span' })).toBe(true);
});
