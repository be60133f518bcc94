import { setTimeout as delay } from 'node:timers/promises';
import { dataDirectory } from '@spanledger/audit-exporter';
import { expect, onTestFinished, test } from 'vitest';
import { openStoredOpenings } from '../../../packages/exporter/src/privacy/index.ts';
import { expectSpansKept, Load } from '../../support/exporter/load.ts';
import { ServiceProcess } from '../../support/exporter/service-process.ts';
import { makeDataDirectory, startTestService, verifyDirectory } from '../../support/exporter/service.ts';

const KILLS = 20;
const SENDERS = 4;

test(`kill -9 under load, ${KILLS} times: every acknowledged span is there once, and all of it verifies`, async () => {
  const data = await makeDataDirectory();
  onTestFinished(() => data.remove());
  await using service = new ServiceProcess(data.path);
  await service.start();
  const load = new Load(service, SENDERS);
  load.start();
  for (let kill = 0; kill < KILLS; kill++) {
    // Some right after the start, some when segments are being re-sealed, some in the middle of everything.
    await delay(Math.random() * (kill % 4 === 0 ? 1500 : 400));
    await service.kill();
    await service.start();
  }
  await load.stop();
  await service.kill();

  const after = await startTestService(data.path);
  await after.close();
  const report = await verifyDirectory(data.path);
  expect(report.failures).toEqual([]);

  const openings = await openStoredOpenings(dataDirectory(data.path), undefined);
  expect((await openings.read(0, report.size)).size, 'all opened groups are kept').toBe(report.size);
  openings.close();
  await expectSpansKept(load, data.path);
}, 180_000);
