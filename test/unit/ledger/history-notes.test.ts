import { generateSigner } from '@spanledger/ledger';
import { formatCheckpoint } from '@spanledger/ledger/verify';
import { expect, test } from 'vitest';
import { HistoryReader } from '../../../packages/ledger/src/publish/history-reader.ts';
import { checkpointOf } from '../../../packages/ledger/src/publish/history-notes.ts';
import {
  formatHistoryIndex,
  historyPath,
  splitNotes,
} from '../../../packages/ledger/src/verify/history-file.ts';

const signer = generateSigner('example.com/log');

function noteOf(size: number): string {
  return signer.signNote(formatCheckpoint({ origin: signer.origin, size, root: new Uint8Array(32) }));
}

test('splits what was written end to end, and leaves out what was never completed', () => {
  const notes = [0, 3, 4, 1000].map(noteOf);
  const text = notes.join('');
  expect(splitNotes(text).notes).toEqual(notes);
  expect(splitNotes('').notes).toEqual([]);
  const last = notes.at(-1)?.length ?? 0;
  for (let cut = 1; cut <= last; cut++) {
    expect(splitNotes(text.slice(0, text.length - cut)).notes, `cut by ${cut}`).toEqual(notes.slice(0, 3));
  }
});

test('keeps all signatures of a note with it', () => {
  const cosigned = noteOf(7) + (noteOf(7).split('\n').at(-2) ?? '') + '\n';
  expect(splitNotes(cosigned + noteOf(9)).notes).toEqual([cosigned, noteOf(9)]);
});

test('finds the first checkpoint that covers an entry, in whichever file it is', async () => {
  const groups = [
    [0, 2, 5],
    [6, 10, 11],
    [40, 41],
  ];
  const files = new Map<string, Uint8Array>();
  for (const sizes of groups) files.set(historyPath(sizes[0] ?? 0), Buffer.from(sizes.map(noteOf).join('')));
  files.set('checkpoints/index', Buffer.from(formatHistoryIndex(groups.map(([first]) => first ?? 0))));
  const reader = new HistoryReader({ read: (path) => Promise.resolve(files.get(path)) });
  const sizes = groups.flat();
  const indexes = [...Array(41).keys()];
  for (const index of [...indexes, ...indexes.toReversed(), 20, 4, 40, 5, 10]) {
    const note = await reader.covering(index);
    expect(checkpointOf(note ?? '')?.size, `entry ${index}`).toBe(sizes.find((size) => size > index));
  }
  expect(await reader.covering(41)).toBeUndefined();
});

test('finds the last of several checkpoints of a size, also if it came since it looked', async () => {
  const cosigned = noteOf(5) + (noteOf(6).split('\n').at(-2) ?? '') + '\n';
  const files = new Map<string, string>([
    ['checkpoints/index', formatHistoryIndex([2])],
    [historyPath(2), noteOf(2) + noteOf(5)],
  ]);
  const reader = new HistoryReader({
    read: (path) => Promise.resolve(files.has(path) ? Buffer.from(files.get(path) ?? '') : undefined),
  });
  expect(await reader.covering(3)).toBe(noteOf(5));
  files.set(historyPath(2), noteOf(2) + noteOf(5) + cosigned);
  expect(await reader.covering(3)).toBe(cosigned);
  files.set(historyPath(2), noteOf(2) + noteOf(5) + cosigned + noteOf(9));
  expect(await reader.covering(3)).toBe(cosigned);
  expect(await reader.covering(5)).toBe(noteOf(9));
  expect(await reader.covering(1)).toBe(noteOf(2));
});
