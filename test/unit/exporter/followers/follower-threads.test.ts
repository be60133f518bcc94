import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { afterEach, expect, test } from 'vitest';
import { DerivedRecords } from '../../../../packages/exporter/src/derived-records.ts';
import { FollowerThreads } from '../../../../packages/exporter/src/followers/follower-threads.ts';
import { PublishedSize } from '../../../../packages/exporter/src/followers/published-size.ts';
import { RequestLoad } from '../../../../packages/exporter/src/request-load.ts';
import { createLog } from '../../../../packages/exporter/src/log.ts';

/** A thread that answers as the real one does, and ends by itself when it is asked to seal `fatal`. */
const SCRIPT = `
  const { parentPort: port } = require('node:worker_threads');
  port.on('message', (message) => {
    if (message.kind === 'seal' && message.segment === 'fatal') throw new Error('out of luck');
    if (message.kind === 'seal' && message.segment === 'broken') {
      port.postMessage({ kind: 'seal_failed', segment: 'broken', problem: { name: 'E', message: 'no', code: 'c' } });
    } else if (message.kind === 'seal') {
      port.postMessage({ kind: 'sealed', segment: message.segment, learned: [Uint8Array.of(7)] });
    }
    if (message.kind === 'derive') port.postMessage({ kind: 'derived', drafts: [{ draft: { id: String(message.from), clear: {} } }] });
    if (message.kind === 'derived_settled' && message.again.length > 0) throw new Error('refused');
    if (message.kind === 'drain') port.postMessage({ kind: 'drained' });
    if (message.kind === 'stop') port.close();
  });
  port.postMessage({ kind: 'ready' });
`;

const limits = { idleMs: 1, inactivityMs: undefined, absoluteMs: undefined };
const sessions = { limits, overrides: [], clockSkewMs: 0 };

let thread: FollowerThreads | undefined;

afterEach(async () => {
  await thread?.stop();
  thread = undefined;
});

async function start(): Promise<{ started: () => number; lines: string[] }> {
  let count = 0;
  const lines: string[] = [];
  const log = createLog({
    level: 'info',
    format: 'json',
    destination: { write: (line: string) => lines.push(line) },
  });
  thread = await FollowerThreads.start(
    {
      data: {
        dataDirectory: '/nowhere',
        requestLoad: new RequestLoad().memory,
        environmentKek: undefined,
        sessions,
        completeness: { graceMs: 0, silenceMs: 0 },
      },
      ledger: new PublishedSize(),
      log,
    },
    async () => {
      count++;
      const worker = new Worker(SCRIPT, { eval: true });
      await once(worker, 'message');
      return worker;
    },
  );
  return { started: () => count, lines };
}

test('seals, tells what failed, and drains', async () => {
  await start();
  expect(await thread?.seal('a', 1)).toEqual([Uint8Array.of(7)]);
  await expect(thread?.seal('broken', 1)).rejects.toMatchObject({ message: 'E: no', code: 'c' });
  await thread?.drain();
});

test('what is derived is appended; a thread that begins anew is told first how much is durable', async () => {
  const { started } = await start();
  const log = createLog({ level: 'silent', format: 'json' });
  const taken: unknown[] = [];
  let durable = 3;
  thread?.derive(
    new DerivedRecords({
      append: (drafts) => {
        taken.push(...drafts.map(({ draft }) => draft.id));
        durable++;
        return taken.length === 1 ? Promise.reject(new Error('the disk is full')) : Promise.resolve();
      },
      hasten: () => undefined,
      durableSize: () => durable,
      log,
    }),
  );
  await expect.poll(() => taken, { timeout: 5000 }).toEqual(['3', '4']);
  expect(started()).toBe(2);
});

test('a thread that ends by itself fails what waited for it, and is started again', async () => {
  const { started, lines } = await start();
  await expect(thread?.seal('fatal', 1)).rejects.toThrow('the thread of the followers ended');
  await expect(thread?.seal('a', 1)).rejects.toThrow('the thread of the followers ended');
  await expect.poll(started, { timeout: 5000 }).toBe(2);
  await expect.poll(() => thread?.seal('a', 1), { timeout: 5000 }).toEqual([Uint8Array.of(7)]);
  expect(lines.join('')).toContain('out of luck');
});

test('where one thread cannot start, the other is stopped and its error told', async () => {
  const started: Worker[] = [];
  const starting = FollowerThreads.start(
    {
      data: {
        dataDirectory: '/nowhere',
        requestLoad: new RequestLoad().memory,
        environmentKek: undefined,
        sessions,
        completeness: { graceMs: 0, silenceMs: 0 },
        alerts: { isEnabled: true, rulesFile: undefined, disabled: [], maxKeys: 1000 },
      },
      ledger: new PublishedSize(),
      log: createLog({ level: 'silent', format: 'json' }),
    },
    async (script) => {
      if (script === 'alert-worker') throw new Error('the list of alerts is damaged');
      const worker = new Worker(SCRIPT, { eval: true });
      await once(worker, 'message');
      started.push(worker);
      return worker;
    },
  );
  await expect(starting).rejects.toThrow('the list of alerts is damaged');
  expect(started.map(({ threadId }) => threadId)).toEqual([-1]);
});
