import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { dataDirectory } from '@spanledger/audit-exporter';
import { expect, onTestFinished, test } from 'vitest';
import { checkDerived } from '../../../packages/cli/src/commands/doctor/derived.ts';
import { OUTBOX_SCHEMA } from '../../../packages/exporter/src/outbox/index.ts';

test('names what the service derived and could not write', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'spanledger-doctor-derived-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  expect(checkDerived(directory)).toEqual([]);
  const { alertsFile } = dataDirectory(directory);
  await mkdir(dirname(alertsFile), { recursive: true });
  const database = new DatabaseSync(alertsFile);
  database.exec(OUTBOX_SCHEMA);
  expect(checkDerived(directory)).toEqual([]);
  for (let i = 0; i < 25; i++) {
    database
      .prepare("INSERT INTO outbox_refused (record_id, reason, draft) VALUES (?, 'too large', x'')")
      .run(`alert-${i}`);
  }
  database.close();
  const [finding, ...others] = checkDerived(directory);
  expect(others).toEqual([]);
  expect(finding).toMatchObject({ verdict: 'warning', subject: 'alerts' });
  expect(finding?.detail).toMatch(/^25 derived records .*: alert-24 \(too large\); .*; and 5 more$/);
});
