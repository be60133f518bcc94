import { renameSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SpoolCounters } from '../../../packages/instrumentation/src/spool/spool-counters.ts';
import { SpoolReader } from '../../../packages/instrumentation/src/spool/spool-reader.ts';
import { writerInto } from '../../support/instrumentation/spool.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spanledger-taken-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

function drain(folder: string, live: boolean): string[] {
  const reader = new SpoolReader(join(directory, folder), live, () => undefined);
  const texts: string[] = [];
  for (let batch = reader.next(1e9); batch !== undefined; batch = reader.next(1e9)) {
    texts.push(...batch.payloads.map(String));
  }
  return texts;
}

test('a process that was taken for dead goes on in a folder of its own', () => {
  const counters = new SpoolCounters();
  const writer = writerInto(directory, 'mine', { counters });
  writer.append('final', [], Buffer.from('before'), 1);
  // Another host's process does this after a minute without a sign of life: a stopped process, or a clock that is off.
  renameSync(join(directory, 'mine'), join(directory, 'theirs'));
  const sent = drain('theirs', false);
  expect(writer.append('final', [], Buffer.from('after'), 1)).toBe('written');
  expect(writer.append('final', [], Buffer.from('later'), 1)).toBe('written');
  expect(sent).toEqual(['before']);
  expect(drain('theirs', false), 'nobody would look again').toEqual(['before']);
  expect(drain('mine', true)).toEqual(['after', 'later']);
  expect(counters.heldBytes).toBe(2 * (16 + 'after'.length));
});
