import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { Closers } from '../../../packages/exporter/src/closers.ts';
import { openLedgerAndVault } from '../../../packages/exporter/src/ledger-and-vault.ts';
import { createLog } from '../../../packages/exporter/src/log.ts';
import { backgroundRequest } from '../../support/exporter/background-load.ts';
import { takeIn } from '../../support/exporter/direct-intake.ts';
import { createFailedLogins } from '../../support/exporter/failed-logins.ts';
import { makeDataDirectory, testConfig } from '../../support/exporter/service.ts';
import { ScriptProcess } from '../../support/instrumentation/script-process.ts';

const FAILING = 1_000;
const SESSIONS = 10_000;
/** One less than raises an alert, so that the key is kept. */
const ATTEMPTS = 4;
const MAX_MIB = 300;
const SPANS_PER_REQUEST = 500;

function* requests(): Generator<Uint8Array> {
  const failedLogins = createFailedLogins();
  const nowMs = Date.now();
  for (let i = 0; i < FAILING; i++) yield failedLogins(`failing-${i}`, ATTEMPTS, Math.floor(nowMs / 1_000));
  const others = SESSIONS - FAILING;
  for (let sent = 0; sent < others; sent += SPANS_PER_REQUEST) {
    yield backgroundRequest(sent, SPANS_PER_REQUEST, others, nowMs);
  }
}

function count(file: string, sql: string): unknown {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return database.prepare(sql).get()?.['count'];
  } finally {
    database.close();
  }
}

/** Resident memory of a process, all threads together. */
async function residentMib({ child }: ScriptProcess, field: 'VmHWM' | 'VmRSS'): Promise<number> {
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1024;
}

test('10,000 live sessions and 1,000 keys of alerts, followed from nothing, take less than 300 MB', async () => {
  const data = await makeDataDirectory();
  onTestFinished(() => data.remove());
  const closers = new Closers();
  const log = createLog({ level: 'silent', format: 'json' });
  const opened = await openLedgerAndVault(testConfig(data.path), log, closers);
  await takeIn(opened, requests());
  await closers.close();

  const here = import.meta.dirname;
  await using followers = new ScriptProcess(join(here, 'followers-child.ts'), here, { args: [data.path] });
  await followers.line(/^ready$/m);
  const before = await residentMib(followers, 'VmRSS');
  followers.child.kill('SIGUSR2');
  await followers.line(/^reached$/m, 120_000);
  const peak = await residentMib(followers, 'VmHWM');
  await followers.kill('SIGTERM');
  const { sessionsFile, alertsFile } = opened.paths;
  expect(
    count(sessionsFile, "SELECT count(*) AS count FROM sessions WHERE state IN ('active', 'started')"),
  ).toBe(SESSIONS);
  const keys = "SELECT count(*) AS count FROM key_states WHERE rule = 'failed-logins-per-user'";
  expect(count(alertsFile, keys)).toBe(FAILING);
  expect(peak - before).toBeLessThan(MAX_MIB);
});
