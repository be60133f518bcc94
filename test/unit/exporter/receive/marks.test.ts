import { expect, test } from 'vitest';
import { Marks } from '../../../../packages/exporter/src/receive/marks.ts';
import { Producers } from '../../../../packages/exporter/src/receive/producers.ts';

const ofProducer = (id: string, number: number) => ({ id, producer: { streamId: 's', number } });

test('what was marked is taken back, and nothing else', () => {
  const producers = new Producers();
  const before = [ofProducer('a', 1), { id: 'b' }];
  for (const span of before) producers.add(span);
  const marks = new Marks();
  const marked = [ofProducer('c', 2), ofProducer('other', 1), { id: 'd' }, { id: 'e' }];
  for (const span of [...marked, ...before]) producers.add(span, marks);
  expect([...before, ...marked].map((span) => producers.has(span))).not.toContain(false);
  marks.takeBack(producers);
  expect(before.map((span) => producers.has(span))).toEqual([true, true]);
  expect(marked.map((span) => producers.has(span))).toEqual([false, false, false, false]);
});

test('spans that are left out stay marked, also one under the number of another', () => {
  const producers = new Producers();
  const marks = new Marks();
  const spans = [ofProducer('a', 1), ofProducer('other', 1), ofProducer('b', 2), { id: 'c' }, { id: 'd' }];
  for (const span of spans) producers.add(span, marks);
  marks.leaveOut([ofProducer('other', 1), ofProducer('b', 2), { id: 'c' }]);
  marks.takeBack(producers);
  // With the number that it was found to be under, nothing is known of another's any more but its id.
  const found = spans.map((span) => (span.id === 'other' ? { id: 'other' } : span));
  expect(found.map((span) => producers.has(span))).toEqual([false, true, true, true, false]);
});
