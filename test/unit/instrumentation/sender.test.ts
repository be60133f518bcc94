import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  BackOff,
  FIRST_PAUSE_MS,
  MAX_PAUSE_MS,
  MAX_RETRY_AFTER_MS,
} from '../../../packages/instrumentation/src/sender/back-off.ts';
import { lossReport } from '../../../packages/instrumentation/src/sender/loss-report.ts';
import type { FromSender } from '../../../packages/instrumentation/src/sender/messages.ts';
import {
  compressionFor,
  parseRetryAfter,
  type Delivery,
} from '../../../packages/instrumentation/src/sender/receiver.ts';
import { RejectedStore } from '../../../packages/instrumentation/src/sender/rejected-store.ts';
import { Sender } from '../../../packages/instrumentation/src/sender/sender.ts';
import { SpoolCounters } from '../../../packages/instrumentation/src/spool/spool-counters.ts';
import { writeLosses } from '../../../packages/instrumentation/src/spool/loss-file.ts';
import { SpoolReader } from '../../../packages/instrumentation/src/spool/spool-reader.ts';
import type { SpoolWriter } from '../../../packages/instrumentation/src/spool/spool-writer.ts';

import { writerInto } from '../../support/instrumentation/spool.ts';

/** Between two requests of these senders. */
const SEND_INTERVAL_MS = 600;

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spanledger-sender-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

function writerOf(folder: string): SpoolWriter {
  return writerInto(directory, folder);
}

function readerOf(folder: string, live: boolean): SpoolReader {
  return new SpoolReader(join(directory, folder), live, () => undefined);
}

const STREAM = 'ab'.repeat(16);

interface Run {
  sent: string[];
  reports: FromSender[];
  counters: SpoolCounters;
  sender: Sender;
  stop: () => Promise<void>;
}

function run(answer: (text: string) => Delivery['outcome'], adopted: string[] = []): Run {
  const sent: string[] = [];
  const reports: FromSender[] = [];
  const counters = new SpoolCounters();
  const stop = new AbortController();
  let adoptable = adopted;
  const sender = new Sender({
    live: readerOf('live', true),
    adopt: () => {
      const folders = adoptable;
      adoptable = [];
      return folders.map((folder) => ({
        reader: readerOf(folder, false),
        lossReport: () => lossReport(join(directory, folder), STREAM, 1_700_000_000_000),
      }));
    },
    receiver: {
      send: (request) => {
        const text = Buffer.from(request).toString();
        const outcome = answer(text);
        sent.push(`${outcome} ${text}`);
        if (outcome === 'rejected') return Promise.resolve({ outcome, status: 400 });
        if (outcome === 'postponed')
          return Promise.resolve({ outcome, retryAfterMs: undefined, cause: 'ECONNREFUSED' });
        return Promise.resolve({ outcome });
      },
    },
    rejected: new RejectedStore(directory),
    backOff: new BackOff(() => 0),
    counters,
    report: (message) => reports.push(message),
    intervalMs: SEND_INTERVAL_MS,
    now: Date.now,
  });
  const running = sender.run(stop.signal);
  return {
    sent,
    reports,
    counters,
    sender,
    stop: () => {
      stop.abort();
      return running;
    },
  };
}

test('what earlier processes left goes first, and their folders go with it', async () => {
  writerOf('old').append('final', [], Buffer.from('old'), 1);
  writerOf('live').append('final', [], Buffer.from('new'), 1);
  const { sent, stop } = run(() => 'accepted', ['old']);
  await expect.poll(() => sent).toEqual(['accepted old', 'accepted new']);
  await stop();
  expect(await readdir(directory)).toEqual(['live']);
});

test('what is appended after a request waits for the next one, unless the process is about to end', async () => {
  const to = writerOf('live');
  to.append('final', [], Buffer.from('a'), 1);
  const { sent, counters, sender, stop } = run(() => 'accepted');
  await expect.poll(() => sent).toEqual(['accepted a']);
  const begun = performance.now();
  for (const text of ['b', 'c', 'd']) to.append('final', [], Buffer.from(text), 1);
  expect(counters.takeSenderIdle(), 'it looks by itself').toBe(false);
  sender.wake();
  await expect.poll(() => sent, { timeout: SEND_INTERVAL_MS * 4 }).toHaveLength(2);
  expect(sent[1]).toBe('accepted bcd');
  expect(performance.now() - begun).toBeGreaterThan(SEND_INTERVAL_MS * 0.8);
  to.append('final', [], Buffer.from('e'), 1);
  const hurried = performance.now();
  sender.hurry();
  await expect.poll(() => sent, { interval: 5 }).toHaveLength(3);
  expect(performance.now() - hurried).toBeLessThan(SEND_INTERVAL_MS * 0.8);
  await stop();
});

test('a sender that has sent everything is told once of what follows, and sends it at once', async () => {
  const to = writerOf('live');
  to.append('final', [], Buffer.from('a'), 1);
  const { sent, counters, sender, stop } = run(() => 'accepted');
  await expect.poll(() => sent).toEqual(['accepted a']);
  await expect.poll(() => counters.takeSenderIdle(), { timeout: SEND_INTERVAL_MS * 4 }).toBe(true);
  expect(counters.takeSenderIdle()).toBe(false);
  to.append('final', [], Buffer.from('b'), 1);
  const told = performance.now();
  sender.wake();
  await expect.poll(() => sent, { interval: 5 }).toHaveLength(2);
  expect(performance.now() - told).toBeLessThan(SEND_INTERVAL_MS * 0.8);
  await stop();
});

test.each([
  ['http://127.0.0.1:4319/v1/traces', 'none'],
  ['http://localhost/v1/traces', 'none'],
  ['https://[::1]:4319/v1/traces', 'none'],
  ['http://127.example.com/v1/traces', 'gzip'],
  ['https://audit.example/v1/traces', 'gzip'],
])('requests are compressed where they leave the machine: %s', (endpoint, compression) => {
  expect(compressionFor(endpoint)).toBe(compression);
});

test('a request is repeated until it is taken, and nothing overtakes it', async () => {
  const to = writerOf('live');
  to.append('final', [], Buffer.from('a'), 1);
  let refusals = 2;
  const { sent, reports, stop } = run(() => (refusals-- > 0 ? 'postponed' : 'accepted'));
  await expect.poll(() => sent, { timeout: 5_000 }).toEqual(['postponed a', 'postponed a', 'accepted a']);
  await stop();
  expect(reports.filter(({ kind }) => kind === 'unreachable')).toHaveLength(2);
  expect(reports.at(-1)).toMatchObject({ kind: 'progress', confirmed: to.position });
});

test('of a refused request each part goes alone, and only the culprit is set aside', async () => {
  const to = writerOf('live');
  for (const text of ['a', 'BAD', 'c']) to.append('final', [], Buffer.from(text), 1);
  const { sent, reports, stop } = run((text) => (text.includes('BAD') ? 'rejected' : 'accepted'));
  await expect.poll(() => sent).toEqual(['rejected aBADc', 'accepted a', 'rejected BAD', 'accepted c']);
  await stop();
  expect(await readdir(join(directory, 'rejected'))).toEqual([
    expect.stringMatching(/^\d+-http-400-\d+-000001\.otlp$/),
  ]);
  expect(reports).toContainEqual(
    expect.objectContaining({ kind: 'warning', code: 'SPANLEDGER_REJECTED_400' }),
  );
});

test('stopping while the receiver is away keeps everything', async () => {
  writerOf('live').append('final', [], Buffer.from('kept'), 1);
  const first = run(() => 'postponed');
  await expect.poll(() => first.sent.length).toBeGreaterThan(0);
  await first.stop();
  const second = run(() => 'accepted');
  await expect.poll(() => second.sent).toEqual(['accepted kept']);
  await second.stop();
});

describe('pauses', () => {
  test('double, are shortened at random, and begin anew after an answer', () => {
    const longest = new BackOff(() => 1);
    expect([1, 2, 3].map(() => longest.next(undefined))).toEqual([
      FIRST_PAUSE_MS,
      2 * FIRST_PAUSE_MS,
      4 * FIRST_PAUSE_MS,
    ]);
    for (let index = 0; index < 20; index++) longest.next(undefined);
    expect(longest.next(undefined)).toBe(MAX_PAUSE_MS);
    longest.reset();
    expect(longest.next(undefined)).toBe(FIRST_PAUSE_MS);
    expect(new BackOff(() => 0).next(undefined)).toBe(FIRST_PAUSE_MS / 2);
  });

  test('are at least what the receiver asks for, within reason', () => {
    expect(new BackOff(() => 0).next(5_000)).toBe(5_000);
    expect(new BackOff(() => 0).next(10 ** 12)).toBe(MAX_RETRY_AFTER_MS);
  });

  test.each([
    ['5', 5_000],
    [' 0 ', 0],
    ['Fri, 31 Dec 1999 23:59:59 GMT', 0],
    [new Date(1_700_000_060_000).toUTCString(), 60_000],
    ['soon', undefined],
    [undefined, undefined],
  ])('Retry-After: %s', (value, expected) => {
    expect(parseRetryAfter(value, 1_700_000_000_000)).toBe(expected);
  });
});

test('refused requests take a bounded amount of disk', async () => {
  const store = new RejectedStore(directory);
  const large = Buffer.alloc(30 * 1024 * 1024);
  expect(store.keep(large, '1-x')).toBe(false);
  expect(store.keep(large, '2-x')).toBe(false);
  expect(store.keep(large, '3-x')).toBe(true);
  expect(await readdir(join(directory, 'rejected'))).toEqual(['2-x-000002.otlp', '3-x-000003.otlp']);
});

test('what a dead process lost and could not report is told after what it left', async () => {
  writerOf('old').append('final', [], Buffer.from('old'), 1);
  const folder = join(directory, 'old');
  writeLosses(folder, {
    total: 7,
    unreported: [{ reason: 'disk_full', count: 7, first: 2, last: 8 }],
    next: 9,
  });
  const { sent, counters, stop } = run(() => 'accepted', ['old']);
  await expect.poll(() => sent).toHaveLength(2);
  await expect.poll(() => readdir(directory)).toEqual([]);
  await stop();
  expect(sent[0]).toBe('accepted old');
  expect(sent[1]).toContain('audit.records.lost');
  expect(counters.exported).toBe(1);
  expect(counters.settled).toBe(0);
  expect(counters.heldBytes).toBe(0);
});

test('what is taken over counts against the bound until it has gone', async () => {
  writerOf('old').append('final', [], Buffer.from('x'.repeat(500)), 1);
  let refusals = 1;
  const { counters, stop } = run(() => (refusals-- > 0 ? 'postponed' : 'accepted'), ['old']);
  expect(counters.heldBytes).toBeGreaterThan(500);
  await expect.poll(() => counters.heldBytes, { timeout: 5_000 }).toBe(0);
  await stop();
});

test('a folder that cannot be read is not removed', async () => {
  await mkdir(join(directory, 'old', '00000001.segment'), { recursive: true });
  const { reports, stop } = run(() => 'accepted', ['old']);
  await expect
    .poll(() => reports)
    .toContainEqual(expect.objectContaining({ code: 'SPANLEDGER_SPOOL_UNREADABLE' }));
  await stop();
  expect(await readdir(directory)).toEqual(['old']);
});

test('what is refused and cannot be set aside does not stop what follows', async () => {
  await writeFile(join(directory, 'rejected'), 'in the way');
  const to = writerOf('live');
  for (const text of ['BAD', 'c']) to.append('final', [], Buffer.from(text), 1);
  const { sent, reports, stop } = run((text) => (text.includes('BAD') ? 'rejected' : 'accepted'));
  await expect.poll(() => sent).toEqual(['rejected BADc', 'rejected BAD', 'accepted c']);
  await stop();
  expect(reports).toContainEqual(expect.objectContaining({ code: 'SPANLEDGER_REJECTED_LOST' }));
});

test('on a full disk older refused requests make room for the newest', async () => {
  const store = new RejectedStore(directory);
  const half = Buffer.alloc(20 * 1024 * 1024);
  for (const label of ['1', '2', '3']) store.keep(half, label);
  // Its name is taken: as on a full disk, it cannot be written before another has gone.
  await writeFile(join(directory, 'rejected', '0-000004.otlp'), 'x');
  expect(store.keep(half, '0')).toBe(true);
  expect(await readdir(join(directory, 'rejected'))).not.toContain('1-000001.otlp');
});
