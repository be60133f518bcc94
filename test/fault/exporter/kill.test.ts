import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { dataDirectory } from '@spanledger/audit-exporter';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStoredOpenings } from '../../../packages/exporter/src/privacy/index.ts';
import {
  makeDataDirectory,
  readEntries,
  sendTraces,
  startTestService,
  verifyDirectory,
} from '../../support/exporter/service.ts';
import { createSender, sessionAttributes, toProtobuf, type Sender } from '../../support/exporter/spans.ts';

const KILLS = 20;
const SENDERS = 4;
const SPANS_PER_REQUEST = 20;
const PORT_LINE = /^listening (\S+)$/m;
const CHILD = join(import.meta.dirname, 'serve-child.ts');

let data: Awaited<ReturnType<typeof makeDataDirectory>>;
let child: ChildProcess | undefined;
let url: string | undefined;

beforeAll(async () => {
  data = await makeDataDirectory();
});

afterAll(async () => {
  child?.kill('SIGKILL');
  await data.remove();
});

/** Starts the service as a process of its own; resolves when it listens. */
async function startChild(): Promise<void> {
  const started = spawn(process.execPath, [CHILD, data.path], { stdio: ['ignore', 'pipe', 'pipe'] });
  child = started;
  let output = '';
  let errors = '';
  started.stderr.on('data', (text: Buffer) => (errors += text.toString()));
  await new Promise<void>((resolve, reject) => {
    started.stdout.on('data', (text: Buffer) => {
      output += text.toString();
      url = PORT_LINE.exec(output)?.[1] ?? url;
      if (PORT_LINE.test(output)) resolve();
    });
    started.once('exit', () => {
      reject(new Error(`the service did not start: ${errors}`));
    });
  });
}

async function killChild(): Promise<void> {
  const killed = child;
  if (killed === undefined) return;
  url = undefined;
  const gone = once(killed, 'exit');
  killed.kill('SIGKILL');
  await gone;
}

/** Sends in order, each request again and again until it is acknowledged, as the instrumentation does. */
async function sendUntil(stop: AbortSignal, person: string, sender: Sender): Promise<number> {
  let acknowledged = 0;
  while (!stop.aborted) {
    const spans = Array.from({ length: SPANS_PER_REQUEST }, () =>
      sender.span({ attributes: sessionAttributes(person, `of ${person}`) }),
    );
    const body = toProtobuf(spans);
    while (!(await isAcknowledged(body))) {
      if (stop.aborted && url === undefined) return acknowledged;
      await delay(5);
    }
    acknowledged += SPANS_PER_REQUEST;
  }
  return acknowledged;
}

async function isAcknowledged(body: Uint8Array): Promise<boolean> {
  if (url === undefined) return false;
  try {
    return (await sendTraces(url, body)).status === 200;
  } catch {
    return false;
  }
}

test(`kill -9 under load, ${KILLS} times: every acknowledged span is there once, and all of it verifies`, async () => {
  await startChild();
  const stop = new AbortController();
  const senders = Array.from({ length: SENDERS }, (_, i) => ({
    person: `person ${i}`,
    sender: createSender(`shop ${i}`),
  }));
  const sending = senders.map(({ person, sender }) => sendUntil(stop.signal, person, sender));
  for (let kill = 0; kill < KILLS; kill++) {
    // Some right after the start, some when segments are being re-sealed, some in the middle of everything.
    await delay(Math.random() * (kill % 4 === 0 ? 1500 : 400));
    await killChild();
    await startChild();
  }
  stop.abort();
  const acknowledged = await Promise.all(sending);
  await killChild();

  const service = await startTestService(data.path);
  await service.close();
  const report = await verifyDirectory(data.path);
  expect(report.failures).toEqual([]);

  const openings = await openStoredOpenings(dataDirectory(data.path), undefined);
  expect((await openings.read(0, report.size)).size, 'all opened groups are kept').toBe(report.size);
  openings.close();

  const numbers = new Map<string, number[]>();
  const references = new Map<string, Set<string>>();
  for (const entry of await readEntries(data.path)) {
    const { sequence, actor } = JSON.parse(JSON.stringify(entry['audit']));
    numbers.set(sequence.stream_id, [...(numbers.get(sequence.stream_id) ?? []), sequence.number]);
    references.set(sequence.stream_id, (references.get(sequence.stream_id) ?? new Set()).add(actor.id));
  }
  for (const [i, { sender }] of senders.entries()) {
    const recorded = numbers.get(sender.streamId) ?? [];
    expect(new Set(recorded).size, 'nothing twice').toBe(recorded.length);
    const missing = Array.from({ length: acknowledged[i] ?? 0 }, (_, n) => n + 1).filter(
      (n) => !new Set(recorded).has(n),
    );
    expect(missing, 'nothing lost').toEqual([]);
    expect(acknowledged[i]).toBeGreaterThan(0);
    expect(references.get(sender.streamId)?.size, 'one person, one reference').toBe(1);
  }
}, 180_000);
