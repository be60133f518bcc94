import { expect, test } from 'vitest';
import { Group } from '../../../packages/ledger/src/append/group.ts';
import { SpareGroups } from '../../../packages/ledger/src/append/spare-groups.ts';

const MEBIBYTE = 1024 * 1024;

function groupOf(storageBytes: number): Group {
  const group = new Group(0);
  group.entries.push(new Uint8Array(storageBytes));
  return group;
}

test('the storage that was given back last serves the next group, which begins empty', () => {
  const spares = new SpareGroups();
  const [first, second] = [groupOf(MEBIBYTE), groupOf(MEBIBYTE)];
  for (const group of [first, second]) spares.give(group);
  expect(spares.take()).toBe(second);
  const next = new Group(7, spares.take());
  expect(next.entries.bytes).toBe(first.entries.bytes);
  expect([next.sizeBytes, next.storageBytes, next.end]).toEqual([0, MEBIBYTE, 7]);
  expect(spares.take()).toBeUndefined();
});

test('as much is kept as may wait to be written, and nothing of what one large append took', () => {
  const spares = new SpareGroups();
  spares.give(groupOf(8 * MEBIBYTE + 1));
  expect(spares.take()).toBeUndefined();
  for (let i = 0; i < 6; i++) spares.give(groupOf(7 * MEBIBYTE));
  const kept = [];
  for (let group = spares.take(); group !== undefined; group = spares.take()) kept.push(group);
  expect(kept).toHaveLength(4);
  // What was taken makes room again.
  spares.give(groupOf(7 * MEBIBYTE));
  expect(spares.take()).toBeDefined();
});

test('a group that is expected to be as long as another need not grow to be', () => {
  const like = groupOf(MEBIBYTE);
  const group = new Group(0, undefined, like);
  const { bytes } = group.entries;
  group.entries.push(new Uint8Array(MEBIBYTE));
  expect(group.entries.bytes).toBe(bytes);
});
