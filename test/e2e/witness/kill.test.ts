import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startCommand } from '../../support/cli/process.ts';
import { scratchDirectory } from '../../support/ledger/scratch.ts';
import { honestLog } from '../../support/ledger/tree-log.ts';
import { post } from '../../support/ledger/witness-http.ts';

const ROUNDS = 20;
const SIZE = 600;
const LOG = honestLog(SIZE);
const FORK = LOG.forkedAt(3);

/** By size, whether the cosignature that was given is over the fork. */
type Given = Map<number, boolean>;

/** Asks as the log or as its fork until the witness is gone or says no; notes every cosignature that was given. */
async function insist(url: string, isFork: boolean, given: Given, onAnswer: () => void): Promise<void> {
  const log = isFork ? FORK : LOG;
  for (let old = 0; old < SIZE;) {
    const size = old + 1;
    const reply = await post(url, await log.request(old, size)).catch(() => undefined);
    if (reply === undefined) return;
    if (reply.status === 200) {
      expect(size > 3 ? (given.get(size) ?? isFork) : isFork, `size ${size}`).toBe(isFork);
      given.set(size, isFork);
      old = size;
    } else if (reply.type === 'text/x.tlog.size') {
      old = Number(reply.text);
    } else {
      return;
    }
    onAnswer();
  }
}

/** One life: both faces ask at the same time, and it is killed in the middle of it. */
async function liveAndDie(directory: string, given: Given): Promise<void> {
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
  const last = Math.max(0, ...given.keys());
  // It has forgotten nothing that it gave.
  const told = await post(url, await LOG.request(0, 1));
  if (told.status === 200) given.set(1, false);
  else expect(Number(told.text)).toBeGreaterThanOrEqual(last);

  const enough = Promise.withResolvers<void>();
  let left = 2 + Math.floor(Math.random() * 8);
  const onAnswer = (): void => {
    if (--left === 0) enough.resolve();
  };
  const insisting = Promise.all([insist(url, false, given, onAnswer), insist(url, true, given, onAnswer)]);
  await Promise.race([enough.promise, insisting]);
  await delay(Math.random() * 3);
  command.signal('SIGKILL');
  await Promise.all([command.ended(), insisting]);
}

test(`killed ${ROUNDS} times, a witness signs no two roots of one size and never goes back`, async () => {
  const directory = await scratchDirectory();
  const given: Given = new Map();
  for (let round = 0; round < ROUNDS; round++) await liveAndDie(directory, given);
  const sizes = [...given.keys()];
  expect(sizes.length).toBeGreaterThan(ROUNDS);
  // Whichever face was signed where they part, the other never was.
  expect(new Set([...given].filter(([size]) => size > 3).map(([, isFork]) => isFork)).size).toBe(1);
});
