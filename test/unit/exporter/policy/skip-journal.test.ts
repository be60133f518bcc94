import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isJsonObject, type JsonValue, type RecordDraft } from '@spanledger/record';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SkipJournal } from '../../../../packages/exporter/src/policy/skip-journal.ts';

type Skipped = Parameters<SkipJournal['account']>[0][number];

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spanledger-skips-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** A ledger that keeps drafts, and fails when it is told to. */
function memoryLedger() {
  const drafts: RecordDraft[] = [];
  const ledger = {
    drafts,
    failure: 'none' as 'none' | 'before' | 'after',
    errors: [] as unknown[],
    open: (windowMs = 60_000) =>
      new SkipJournal({
        directory,
        windowMs,
        size: () => drafts.length,
        append: (more) => {
          if (ledger.failure !== 'before') drafts.push(...more);
          return ledger.failure === 'none'
            ? Promise.resolve()
            : Promise.reject(new Error('the disk is full'));
        },
        find: (ids, from) =>
          Promise.resolve(new Set(drafts.slice(from).flatMap(({ id }) => (ids.has(id) ? [id] : [])))),
        onError: (error) => ledger.errors.push(error),
      }),
    skipped: (): JsonValue[] =>
      drafts.flatMap(({ clear: { audit } }) => {
        const policy = isJsonObject(audit) ? audit['policy'] : undefined;
        return isJsonObject(policy) ? [policy['skipped'] ?? null] : [];
      }),
  };
  return ledger;
}

const span = (number: number, changes: Partial<Skipped> = {}): Skipped => ({
  id: `t-${number}-s`,
  producer: { streamId: 's', number },
  rule: 'probes',
  sha256: 'ab',
  service: 'shop',
  timestamp: `2026-11-21T22:00:00.${String(number).padStart(9, '0')}Z`,
  ...changes,
});

describe('an account of what was left out', () => {
  it('is on the disk when the sender is answered, and in the ledger when the window ends', async () => {
    const ledger = memoryLedger();
    const journal = ledger.open();
    await journal.account([span(2), span(1), span(5)]);
    await journal.account([span(3)]);
    const [file = ''] = await readdir(directory);
    expect((await readFile(join(directory, file), 'utf8')).split('\n')).toHaveLength(3);
    expect(ledger.drafts).toEqual([]);
    await journal.flush();
    expect(ledger.skipped()).toEqual([{ count: 4, numbers: [1, 3, 5, 5], stream_id: 's' }]);
    expect(ledger.drafts[0]?.clear).toMatchObject({
      '@timestamp': span(1).timestamp,
      event: { action: 'policy.skipped', start: span(1).timestamp, end: span(5).timestamp },
      service: { name: 'shop' },
      audit: { policy: { rule: 'probes', level: 'none', sha256: 'ab' } },
    });
    expect(await readdir(directory)).toEqual([]);
    await journal.close();
    expect(journal.total).toBe(4);
  });

  it('is one for each rule, policy, service and producer', async () => {
    const ledger = memoryLedger();
    const journal = ledger.open();
    const bare: Skipped = { ...span(9) };
    delete bare.producer;
    await journal.account([
      span(1),
      span(2, { rule: 'other' }),
      span(3, { service: 'pay' }),
      span(4, { sha256: 'cd' }),
      span(1, { producer: { streamId: 'z', number: 1 } }),
      bare,
      bare,
    ]);
    await journal.close();
    expect(ledger.skipped()).toHaveLength(6);
    expect(ledger.skipped()).toContainEqual({ count: 2 });
    expect(new Set(ledger.drafts.map(({ id }) => id)).size).toBe(6);
  });

  it('is in several records where the numbers are in too many runs', async () => {
    const ledger = memoryLedger();
    const journal = ledger.open();
    await journal.account(Array.from({ length: 2_500 }, (_, i) => span(2 * i + 1)));
    await journal.close();
    const counts = ledger.skipped().map((skipped) => (isJsonObject(skipped) ? skipped['count'] : 0));
    expect(counts).toEqual([1000, 1000, 500]);
  });

  it('comes by itself when the window is over', async () => {
    const ledger = memoryLedger();
    const journal = ledger.open(1);
    await journal.account([span(1)]);
    await expect.poll(() => ledger.drafts.length).toBe(1);
    await journal.close();
  });
});

describe('after a crash', () => {
  it('the window that was open is brought into the ledger', async () => {
    const before = memoryLedger();
    await before.open().account([span(1), span(2)]);
    const after = memoryLedger();
    const journal = after.open();
    expect(await journal.recover()).toEqual([span(1), span(2)]);
    expect(after.skipped()).toEqual([{ count: 2, numbers: [1, 2], stream_id: 's' }]);
    expect(await readdir(directory)).toEqual([]);
  });

  it.each(['before', 'after'] as const)(
    '%s the records were durable, they are there once',
    async (failure) => {
      const ledger = memoryLedger();
      const journal = ledger.open();
      await journal.account([span(1)]);
      ledger.failure = failure;
      await journal.flush();
      expect(ledger.errors).toHaveLength(1);
      ledger.failure = 'none';
      expect(await ledger.open().recover()).toEqual([span(1)]);
      expect(ledger.skipped()).toEqual([{ count: 1, numbers: [1, 1], stream_id: 's' }]);
      expect(await readdir(directory)).toEqual([]);
    },
  );

  it('a line that was not finished is none', async () => {
    const before = memoryLedger();
    await before.open().account([span(1)]);
    const [file = ''] = await readdir(directory);
    const path = join(directory, file);
    await writeFile(path, `${await readFile(path, 'utf8')}[{"id":"t-2`);
    expect(await before.open().recover()).toEqual([span(1)]);
    expect(before.skipped()).toEqual([{ count: 1, numbers: [1, 1], stream_id: 's' }]);
  });
});

describe('a ledger that does not take the records', () => {
  it('gets them when the next window ends, each once', async () => {
    const ledger = memoryLedger();
    const journal = ledger.open();
    await journal.account([span(1)]);
    ledger.failure = 'after';
    await journal.flush();
    ledger.failure = 'none';
    await journal.account([span(2)]);
    await journal.close();
    expect(ledger.skipped()).toEqual([
      { count: 1, numbers: [1, 1], stream_id: 's' },
      { count: 1, numbers: [2, 2], stream_id: 's' },
    ]);
  });

  it('a disk that does not take the account fails the request, and the next one is tried anew', async () => {
    const ledger = memoryLedger();
    const journal = ledger.open();
    await rm(directory, { recursive: true });
    await expect(journal.account([span(1)])).rejects.toThrow('ENOENT');
    await expect(ledger.open().recover()).resolves.toEqual([]);
    await journal.account([span(1)]);
    await journal.close();
    expect(ledger.skipped()).toHaveLength(1);
  });
});
