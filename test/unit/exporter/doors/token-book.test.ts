import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createToken } from '../../../../packages/exporter/src/doors/token-administration.ts';
import { TokenBook } from '../../../../packages/exporter/src/doors/token-book.ts';
import { drawToken } from '../../../../packages/exporter/src/doors/token.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spanledger-tokens-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const WISH = { role: 'sender', services: ['*'] } as const;
let nowMs = 0;

/** A book that does not follow its directory: what it knows, it finds when it is asked. */
function openBook(): { book: TokenBook; looks: () => number } {
  nowMs = Date.now();
  let looks = 0;
  const book = new TokenBook({
    directory,
    onChange: () => looks++,
    log: { error: () => undefined, info: () => undefined },
    now: () => nowMs,
  });
  return { book, looks: () => looks };
}

test('a token lets in as soon as it was made, whoever comes with it first', async () => {
  const { book } = openBook();
  const { token } = await createToken(directory, { ...WISH, services: [...WISH.services] }, nowMs);
  expect(book.check(token)).toMatchObject({ ok: true });
});

test('tokens that nobody made have the directory looked at now and then, not each time', () => {
  const { book, looks } = openBook();
  for (let i = 0; i < 100; i++) {
    expect(book.check(drawToken().token)).toEqual({ ok: false, fault: 'token_unknown' });
  }
  expect(looks()).toBeLessThanOrEqual(1);
  nowMs += 60;
  book.check(drawToken().token);
  expect(looks()).toBeLessThanOrEqual(2);
});

test('a clock that is set back does not keep it from looking', async () => {
  const { book } = openBook();
  book.check(drawToken().token);
  nowMs -= 3_600_000;
  const { token } = await createToken(directory, { ...WISH, services: [...WISH.services] }, nowMs);
  expect(book.check(token)).toMatchObject({ ok: true });
});
