import { appendFile, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { generateSigner, openJournalReader } from '@spanledger/ledger';
import { expect, test } from 'vitest';
import { makeBatch, openingOf } from '../../support/ledger/batches.ts';
import { newHome, openHome, type LogHome } from '../../support/ledger/logs.ts';

const KEEP_MS = 3_600_000;

function text(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString();
}

/** Takes a log back to before it published: what is left is in the journal alone. */
async function forgetTiles({ directory }: LogHome): Promise<void> {
  await rm(join(directory, 'ledger'), { recursive: true });
}

test('gives the openings of any range, from every segment, and nothing of them in the clear', async () => {
  const home = await newHome();
  const ledger = await openHome(home, { segmentMaxAgeMs: KEEP_MS });
  await ledger.append(makeBatch({ count: 5, label: 'a' }));
  await ledger.journal.rotate();
  await ledger.append(makeBatch({ count: 3, label: 'b' }));
  await ledger.append(makeBatch({ count: 3, label: 'c' }));

  const openings = await ledger.journal.readOpenings(3, 10);
  expect([...openings.keys()]).toEqual([3, 4, 5, 6, 7, 8, 9]);
  expect(text(openings.get(4))).toBe(openingOf('a', 4));
  expect(text(openings.get(5))).toBe(openingOf('b', 0));
  expect(text(openings.get(9))).toBe(openingOf('c', 1));
  expect((await ledger.journal.readOpenings(11, 20)).size).toBe(0);

  for (const name of await readdir(join(home.directory, 'journal'))) {
    expect((await readFile(join(home.directory, 'journal', name))).includes('opened')).toBe(false);
  }
  const beside = await openJournalReader(home);
  expect(beside.segments()).toEqual(ledger.journal.segments());
  await ledger.append(makeBatch({ count: 1, label: 'd' }));
  expect(text((await beside.readOpenings(11, 12)).get(11))).toBe(openingOf('d', 0));
  const groups: number[] = [];
  for await (const { first } of beside.read(beside.segments().at(-1)?.name ?? '')) groups.push(first);
  expect(groups).toEqual([5, 8, 11]);
});

test('closes a segment that is full or old', async () => {
  const ledger = await openHome(await newHome(), { segmentMaxBytes: 2000, segmentMaxAgeMs: 30 });
  await ledger.append(makeBatch({ count: 20 }));
  expect(ledger.journal.segments()).toMatchObject([{ first: 0, end: 20, closed: true }]);
  await ledger.append(makeBatch({ count: 1, label: 'young' }));
  const isClosed = (): boolean => ledger.journal.segments().every(({ closed }) => closed);
  await expect.poll(isClosed, { timeout: 5000 }).toBe(true);
});

test('retires what is closed and published, with its key', async () => {
  const home = await newHome();
  const ledger = await openHome(home, { segmentMaxAgeMs: KEEP_MS, publishIntervalMs: 1000 });
  await ledger.append(makeBatch({ count: 5, label: 'a' }));
  const [first] = ledger.journal.segments();
  const name = first?.name ?? '';
  await expect(ledger.journal.retire(name)).rejects.toMatchObject({ code: 'segment_in_use' });
  await ledger.journal.rotate();
  await expect(ledger.journal.retire(name)).rejects.toMatchObject({ code: 'segment_in_use' });
  await ledger.published(5);
  await ledger.journal.retire(name);
  await ledger.journal.retire(name);
  expect(ledger.journal.segments()).toEqual([]);
  expect(await home.epochKeys.open(name)).toBeUndefined();
  expect((await ledger.journal.readOpenings(0, 5)).size).toBe(0);

  await ledger.append(makeBatch({ count: 2, label: 'b' }));
  await ledger.close();
  const reopened = await openHome(home);
  expect(reopened.sizes().published).toBe(7);
  expect(reopened.journal.segments()).toMatchObject([{ first: 5, end: 7, closed: true }]);
});

test('cuts off the end that was never completed', async () => {
  const home = await newHome();
  const ledger = await openHome(home);
  await ledger.append(makeBatch({ count: 5, label: 'a' }));
  const [segment] = ledger.journal.segments();
  await ledger.close();
  await appendFile(
    join(home.directory, 'journal', `${segment?.name}.segment`),
    'SPLJ and then the power went',
  );
  const reopened = await openHome(home);
  await expect(reopened.append(makeBatch({ count: 1, label: 'b' }))).resolves.toEqual({ first: 5, count: 1 });
});

test('integrates from the journal alone what the tiles do not have', async () => {
  const home = await newHome();
  const ledger = await openHome(home, { segmentMaxAgeMs: KEEP_MS });
  await ledger.append(makeBatch({ count: 300, label: 'a' }));
  await ledger.close();
  const note = ledger.checkpoint();
  await forgetTiles(home);
  const reopened = await openHome(home);
  expect(reopened.checkpoint()).toBe(note);
});

test('names file and offset of damage, and does not open', async () => {
  const home = await newHome();
  const ledger = await openHome(home, { segmentMaxAgeMs: KEEP_MS });
  await ledger.append(makeBatch({ count: 5, label: 'a' }));
  await ledger.append(makeBatch({ count: 5, label: 'b' }));
  await ledger.journal.rotate();
  await ledger.append(makeBatch({ count: 5, label: 'c' }));
  const [first, last] = ledger.journal
    .segments()
    .map(({ name }) => join(home.directory, 'journal', `${name}.segment`));
  await ledger.close();
  if (first === undefined || last === undefined) throw new Error('two segments were expected');
  const sound = { first: await readFile(first), last: await readFile(last) };

  const changed = Buffer.from(sound.first);
  changed[100] = (changed[100] ?? 0) ^ 1;
  await writeFile(first, changed);
  await expect(openHome(home)).rejects.toMatchObject({
    code: 'journal_damaged',
    message: expect.stringContaining(`${basename(first)} is damaged at byte 0`),
  });

  // A cut end is a torn write only in the last segment, and only of entries that were never published.
  await writeFile(first, sound.first);
  await truncate(first, sound.first.length - 1);
  await expect(openHome(home)).rejects.toMatchObject({ code: 'journal_damaged' });
  await writeFile(first, sound.first);
  await truncate(last, sound.last.length - 1);
  await expect(openHome(home)).rejects.toMatchObject({ code: 'journal_damaged' });

  await writeFile(last, sound.last);
  await forgetTiles(home);
  await rm(first);
  await expect(openHome(home)).rejects.toMatchObject({
    code: 'journal_damaged',
    message: expect.stringContaining('entries 0 to 9 are missing'),
  });
});

test('does not take over a journal of another log', async () => {
  const home = await newHome();
  const ledger = await openHome(home);
  await ledger.append(makeBatch({ count: 2 }));
  await ledger.close();
  await forgetTiles(home);
  const signer = generateSigner('example.com/another');
  await expect(openHome({ ...home, signer })).rejects.toMatchObject({ code: 'journal_damaged' });
});
