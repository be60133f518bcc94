import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startCommand } from '../../support/cli/process.ts';
import { scratchDirectory } from '../../support/ledger/scratch.ts';
import { honestLog } from '../../support/ledger/tree-log.ts';
import { post } from '../../support/ledger/witness-http.ts';

const ROUNDS = 20;
const LOG = honestLog(600);
const FORK = LOG.forkedAt(3);

/** Asks until the witness is gone, as the log and as its fork; notes every cosignature that was given. */
async function insist(url: string, isFork: boolean, given: Map<number, boolean>): Promise<void> {
  const log = isFork ? FORK : LOG;
  try {
    for (let old = 0; ;) {
      const size = Math.min(600, old + 1);
      const reply = await post(url, await log.request(old, size));
      if (reply.status === 200) {
        expect(given.get(size) ?? isFork, `size ${size}`).toBe(isFork);
        given.set(size, isFork);
        old = size;
      } else if (reply.type === 'text/x.tlog.size') {
        old = Number(reply.text);
        expect(old).toBeGreaterThanOrEqual(Math.max(0, ...given.keys()) - (isFork ? 600 : 0));
      } else {
        // The fork is refused for good, and a log of 600 entries has no more to show.
        return;
      }
      if (size === 600) return;
    }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}

test(`a witness that is killed ${ROUNDS} times signs no two roots of one size and does not go back`, async () => {
  const directory = await scratchDirectory();
  const given = new Map<number, boolean>();
  for (let round = 0; round < ROUNDS; round++) {
    const command = startCommand([
      'witness',
      '--data',
      directory,
      '--log',
      LOG.signer.vkey,
      '--port',
      '0',
      '--json',
    ]);
    const [, url = ''] = await command.printed(/"url":"([^"]+)"/);
    const before = Math.max(0, ...given.keys());
    const insisting = Promise.all([insist(url, false, given), insist(url, true, given)]);
    await delay(Math.random() * 60);
    command.signal('SIGKILL');
    await Promise.all([command.ended(), insisting]);
    expect(Math.max(0, ...given.keys())).toBeGreaterThanOrEqual(before);
  }
  const sizes = [...given.keys()];
  expect(sizes.length).toBeGreaterThan(ROUNDS / 2);
  expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
  // Whichever face was signed beyond where they part, the other never was.
  expect(new Set([...given].filter(([size]) => size > 3).map(([, isFork]) => isFork)).size).toBe(1);
});
