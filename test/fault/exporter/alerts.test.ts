import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connectArchive } from '@spanledger/audit-exporter';
import { expect, onTestFinished, test } from 'vitest';
import { createFailedLogins } from '../../support/exporter/failed-logins.ts';
import { ServiceProcess } from '../../support/exporter/service-process.ts';
import {
  makeDataDirectory,
  readEntries,
  sendTraces,
  verifyDirectory,
  waitFor,
} from '../../support/exporter/service.ts';

const KILLS = 4;
const PEOPLE_PER_LIFE = 2;

/** A day apart, so that nothing but one person's own attempts makes an alert. */
const APART_S = 86_400;

test(`kill -9 ${KILLS} times, with a rebuild in between: every alert is in the ledger, and none twice`, async () => {
  const data = await makeDataDirectory();
  onTestFinished(() => data.remove());
  await using service = new ServiceProcess(data.path);
  const failedLogins = createFailedLogins();
  let people = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    if (kill === KILLS / 2) await rm(join(data.path, 'alerts'), { recursive: true });
    await service.start();
    for (let i = 0; i < PEOPLE_PER_LIFE; i++) {
      const body = failedLogins(`person ${people}`, 5, 1_764_000_000 + people * APART_S);
      expect((await sendTraces(service.url ?? '', body)).status).toBe(200);
      people++;
    }
    // Before the alerts are derived, while they are on their way, and after they are recorded.
    await delay((kill % 4) * 40);
    await service.kill();
  }
  await service.start();
  const archive = connectArchive(service.url ?? '');
  await waitFor(
    'all alerts',
    async () => (await archive.alerts({ limit: 200 })).alerts.length >= people,
    60_000,
  );
  await service.kill();
  // Nothing more comes after another rebuild.
  await rm(join(data.path, 'alerts'), { recursive: true });
  await service.start();
  await waitFor('all alerts', async () => {
    return (await connectArchive(service.url ?? '').alerts({ limit: 200 })).alerts.length >= people;
  });
  await sendTraces(service.url ?? '', failedLogins('the last one', 1, 1_764_000_000 + people * APART_S));
  await delay(1500);
  await service.kill();

  const raised = (await readEntries(data.path)).filter((entry) => Object(entry['event'])['kind'] === 'alert');
  const ids = raised.map((entry) => Object(Object(entry['audit'])['alert'])['id']);
  expect(new Set(ids).size).toBe(people);
  expect(ids).toHaveLength(people);
  expect((await verifyDirectory(data.path)).failures).toEqual([]);
}, 240_000);
