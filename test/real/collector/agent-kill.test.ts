import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { expectSpansKept, Load } from '../../support/exporter/load.ts';
import { ServiceProcess } from '../../support/exporter/service-process.ts';
import { makeDataDirectory, readEntries, verifyDirectory } from '../../support/exporter/service.ts';
import { freeAddresses } from './collector.ts';
import { settle, waitForRecords } from './ledger-size.ts';
import { secureDirectory } from './secured.ts';
import { shippedCollector } from './shipped.ts';

const KILLS = 3;
const SENDERS = 2;

test(`kill -9 of the collector and of the service in mid-flow, ${KILLS} times each, with TLS and a token: nothing is lost and nothing doubled`, async () => {
  const data = await makeDataDirectory();
  onTestFinished(() => data.remove());
  const { caFile, tokenFile } = await secureDirectory(data.path);
  const [address = ''] = await freeAddresses(1);
  await using service = new ServiceProcess(data.path, [], Number(address.split(':')[1]));
  await service.start();
  expect(service.url).toBe(`https://${address}`);
  await using agent = await shippedCollector('agent.yaml', {
    AUDIT_ENDPOINT: `https://${address}`,
    AUDIT_CA_FILE: caFile,
    AUDIT_TOKEN_FILE: tokenFile,
  });
  let collector = await agent.start();
  const load = new Load({ url: agent.url('AUDIT_HTTP_ENDPOINT') }, SENDERS);
  load.start();
  for (let kill = 0; kill < KILLS; kill++) {
    await delay(100 + Math.random() * 300);
    await collector.kill();
    // Some while both are away.
    if (kill % 2 === 0) await service.kill();
    collector = await agent.start();
    await delay(100 + Math.random() * 300);
    await service.kill();
    await delay(Math.random() * 500);
    await service.start();
  }
  await load.stop();
  // All that the collector has acknowledged and the service has not: from its queue.
  await waitForRecords(load.acknowledged, data.path);
  await collector.close();
  await settle(service, data.path);

  expect(load.acknowledged).toBeGreaterThan(KILLS * SENDERS);
  const report = await verifyDirectory(data.path);
  expect(report.failures).toEqual([]);
  expect(
    report.warnings.map(({ code }) => code),
    'no number is missing and none came twice',
  ).toEqual([]);
  // What waited in its queue is sent by several at once.
  await expectSpansKept(load, data.path, false);
  // What followed from the spans is in the ledger too: holes that were open while both were away.
  const spans = (await readEntries(data.path)).filter(({ span }) => span !== undefined);
  expect(spans).toHaveLength(load.acknowledged);
}, 120_000);
