import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '@spanledger/record';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { SessionCopier } from '../../../../packages/exporter/src/search/elasticsearch/index.ts';

let folder: string;
/** What the sessions are, by reference, with the ledger index of their last record. */
let sessions: Map<string, number>;
let position: number;
let identity: string;
let index: Map<string, JsonObject>;
let written: number;
let failure: Error | undefined;
let troubles: unknown[];
let copier: SessionCopier;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spanledger-copier-'));
  sessions = new Map();
  position = 0;
  identity = 'cluster index log';
  index = new Map();
  written = 0;
  failure = undefined;
  troubles = [];
  copier = open();
});

afterEach(async () => {
  await copier.close();
  await rm(folder, { recursive: true });
});

function open(): SessionCopier {
  return new SessionCopier({
    target: {
      identify: () => Promise.resolve(identity),
      write(documents) {
        if (failure !== undefined) return Promise.reject(failure);
        for (const [reference, document] of documents) index.set(reference, document);
        written += documents.size;
        return Promise.resolve();
      },
    },
    stateFile: join(folder, 'sessions.json'),
    changedSince: (from, limit) =>
      [...sessions]
        .filter(([, last]) => last >= from)
        .sort(([, one], [, other]) => one - other)
        .slice(0, limit)
        .map(([reference, last]) => ({ reference, index: last })),
    read: (references) =>
      Promise.resolve(
        new Map(references.map((reference) => [reference, { at: sessions.get(reference) ?? -1 }])),
      ),
    position: () => position,
    onTrouble: (error) => troubles.push(error),
    intervalMs: 1,
  });
}

/** A record changes a session. */
function change(...references: string[]): void {
  for (const reference of references) sessions.set(reference, position++);
  copier.mark(references);
}

async function caughtUp(): Promise<void> {
  await vi.waitFor(() => {
    expect(Object.fromEntries(index)).toEqual(
      Object.fromEntries([...sessions].map(([reference, at]) => [reference, { at }])),
    );
  });
}

async function again(): Promise<void> {
  await copier.close();
  copier = open();
  copier.start();
}

it('copies what changes, as it is now', async () => {
  copier.start();
  change('a', 'b');
  await caughtUp();
  change('b');
  change('b', 'c');
  await caughtUp();
});

it('goes on where it was, with what changed meanwhile and no more', async () => {
  copier.start();
  change('a', 'b', 'c');
  await caughtUp();
  await copier.close();
  change('c', 'd');
  written = 0;
  await again();
  await caughtUp();
  expect(written).toBe(2);
});

it('fills an index that is another one from the beginning', async () => {
  copier.start();
  change('a', 'b');
  await caughtUp();
  index.clear();
  identity = 'cluster other log';
  await again();
  await caughtUp();
});

it('writes what it could not write, and tells once that it cannot', async () => {
  failure = new Error('down');
  copier.start();
  change('a');
  await vi.waitFor(() => {
    expect(troubles).toEqual([failure]);
  });
  change('b');
  failure = undefined;
  await caughtUp();
  expect(troubles).toHaveLength(1);
});

it('copies more than it remembers', async () => {
  const many = Array.from({ length: 150_000 }, (_, i) => `s${i}`);
  for (const reference of many) change(reference);
  copier.start();
  await vi.waitFor(() => {
    expect(index.size).toBe(many.length);
  });
});

it('has copied what it was asked to copy, or says why not', async () => {
  change('a');
  await copier.renew(['a']);
  expect(index.get('a')).toEqual({ at: 0 });
  failure = new Error('down');
  await expect(copier.renew(['a'])).rejects.toBe(failure);
});

it('neither reads nor writes while something else has to be done alone', async () => {
  copier.start();
  await copier.alone(async () => {
    change('a');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(index.size).toBe(0);
  });
  await caughtUp();
});
