import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { dataDirectory, readKeyRequest, writeKeyRequest } from '@spanledger/audit-exporter';
import { fileTiles } from '@spanledger/ledger';
import { verifyLedger } from '@spanledger/ledger/verify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  makeDataDirectory,
  readEntries,
  sendTraces,
  startTestService,
  verifyDirectory,
  waitFor,
} from '../../support/exporter/service.ts';
import { createSender, sessionAttributes, toProtobuf } from '../../support/exporter/spans.ts';

const ROUNDS = 12;
const CHILD = join(import.meta.dirname, 'serve-child.ts');

let data: Awaited<ReturnType<typeof makeDataDirectory>>;
let child: ChildProcess | undefined;

beforeAll(async () => {
  data = await makeDataDirectory();
});

afterAll(async () => {
  child?.kill('SIGKILL');
  await data.remove();
});

async function startChild(): Promise<string> {
  const started = spawn(process.execPath, [CHILD, data.path], { stdio: ['ignore', 'pipe', 'inherit'] });
  child = started;
  let output = '';
  started.stdout.on('data', (text: Buffer) => (output += text.toString()));
  await waitFor('the service', () => /^listening \S+$/m.test(output) || started.exitCode !== null, 30_000);
  return /^listening (\S+)$/m.exec(output)?.[1] ?? '';
}

async function killChild(): Promise<void> {
  const killed = child;
  if (killed === undefined) return;
  const gone = once(killed, 'exit');
  killed.kill('SIGKILL');
  await gone;
}

test('a service that is killed while it changes its keys finishes the change, once, and every key still verifies', async () => {
  const paths = dataDirectory(data.path);
  const sender = createSender('keys');
  const trusted = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) {
    const url = await startChild();
    trusted.add((await readFile(paths.vkeyFile, 'utf8')).trim());
    await sendTraces(url, toProtobuf([sender.span({ attributes: sessionAttributes('alice', 's') })])).catch(
      () => undefined,
    );
    if ((await readKeyRequest(paths)) === undefined) {
      const state = round % 2 === 0 ? ('retired' as const) : ('revoked' as const);
      await writeKeyRequest(paths, { id: `round-${round}`, action: 'rotate', end: { state } });
    }
    // Between before it is taken up and after it is done.
    await delay(Math.random() * 900);
    await killChild();
    for (const vkey of trusted) {
      const report = await verifyLedger({ source: fileTiles(paths.ledger), vkey });
      expect(report.failures, `round ${round}`).toEqual([]);
    }
  }
  const service = await startTestService(data.path);
  await waitFor('the last change', async () => (await readKeyRequest(paths)) === undefined);
  await service.close();
  const report = await verifyDirectory(data.path);
  expect(report.failures).toEqual([]);
  expect(report.warnings.filter(({ code }) => code.startsWith('key'))).toEqual([]);
  const states = report.keys.map(({ state }) => state);
  expect(states.length).toBeGreaterThan(1);
  expect(states.filter((state) => state === 'active')).toEqual(['active']);
  const ids = (await readEntries(data.path))
    .map((entry) => JSON.stringify(entry['audit']))
    .flatMap((text) => {
      const id = /"record":\{"id":"(key-statement-\d+)"\}/.exec(text)?.[1];
      return id === undefined ? [] : [id];
    });
  expect(ids).toEqual(Array.from({ length: 2 * (states.length - 1) }, (_, i) => `key-statement-${i + 1}`));
}, 120_000);
