import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connectArchive, connectRetentionDesk, verifyIndex } from '@spanledger/audit-exporter';
import { isJsonObject } from '@spanledger/record';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ServiceProcess } from '../../support/exporter/service-process.ts';
import {
  makeDataDirectory,
  readAllFiles,
  sendTraces,
  startTestService,
  verifyDirectory,
  waitFor,
} from '../../support/exporter/service.ts';
import { createSender, sessionAttributes, toProtobuf } from '../../support/exporter/spans.ts';

/** Kills of one purge, spread over what it takes. */
const KILLS = 5;
const LONGEST_MS = 800;

const RECORDS = 1600;
const CONFIG = `
alerts: { enabled: false }
retention:
  classes:
    derived: { keep: 1s, match: { kind: [state, alert] } }
    calls: { keep: 1s, match: { category: web } }
`;

let data: Awaited<ReturnType<typeof makeDataDirectory>>;
let service: ServiceProcess;

beforeAll(async () => {
  data = await makeDataDirectory();
  await writeFile(join(data.path, 'spanledger.yaml'), CONFIG);
  service = new ServiceProcess(data.path);
});

afterAll(async () => {
  await service.kill();
  await data.remove();
});

test('a purge that is killed at any step goes on to its end, and each record of it is counted once', async () => {
  await service.start();
  const sender = createSender('shop');
  const spans = Array.from({ length: RECORDS }, (_, i) =>
    sender.span({
      attributes: { ...sessionAttributes('carol-1848', `session ${i % 7}`), 'url.query': `n=${i}` },
    }),
  );
  for (let at = 0; at < RECORDS; at += 400) {
    const body = toProtobuf(spans.slice(at, at + 400));
    expect((await sendTraces(service.url ?? '', body)).status).toBe(200);
  }
  const due = async (): Promise<number> => {
    const { classes } = await connectRetentionDesk(service.url ?? '').planRetention();
    return classes.find((one) => one.class === 'calls')?.due ?? 0;
  };
  await waitFor('all to be due', async () => (await due()) === RECORDS, 30_000);
  for (let kill = 0; kill < KILLS; kill++) {
    await connectRetentionDesk(service.url ?? '').runRetention();
    // The next one a little later, from at once to after it is done.
    await delay((kill * LONGEST_MS) / KILLS);
    await service.kill();
    await service.start();
  }
  await waitFor(
    'the purge',
    async () => {
      const desk = connectRetentionDesk(service.url ?? '');
      await desk.runRetention();
      await waitFor('its end', async () => !(await desk.retention()).running, 30_000);
      return (await desk.retention()).minimum_index >= 1536;
    },
    60_000,
  );
  const archive = connectArchive(service.url ?? '');
  const counted = async (): Promise<number> => {
    const { records } = await archive.search({ query: 'audit.target.id:calls', limit: 100 });
    const purges = records.flatMap(({ audit }) => (isJsonObject(audit) ? [audit['retention']] : []));
    return purges.reduce<number>((sum, one) => sum + (isJsonObject(one) ? Number(one['count']) : 0), 0);
  };
  await waitFor('the records of it', async () => (await counted()) === RECORDS);
  expect((await archive.search({ query: 'user.id:carol-1848 and event.kind:event' })).records).toEqual([]);
  await service.kill();
  for (const [file, bytes] of await readAllFiles(data.path)) {
    expect(bytes.includes('carol'), file).toBe(false);
  }
  const last = await startTestService(data.path);
  await last.close();
  const report = await verifyDirectory(data.path);
  expect(report).toMatchObject({ failures: [], pruned: 1536 });
  expect(await verifyIndex(data.path)).toMatchObject({ failures: [] });
}, 240_000);
