import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask } from '../../support/exporter/ask.ts';
import { ServiceProcess } from '../../support/exporter/service-process.ts';
import {
  makeDataDirectory,
  readAllFiles,
  readEntries,
  sendTraces,
  startTestService,
  verifyDirectory,
  waitFor,
} from '../../support/exporter/service.ts';
import { createSender, sessionAttributes, toProtobuf } from '../../support/exporter/spans.ts';

/** Kills of one erasure, spread over what it takes. */
const KILLS = 8;
const LONGEST_MS = 900;

let data: Awaited<ReturnType<typeof makeDataDirectory>>;
let service: ServiceProcess;

beforeAll(async () => {
  data = await makeDataDirectory();
  service = new ServiceProcess(data.path, [], 0, { SPANLEDGER_FOUR_EYES: 'false' });
});

afterAll(async () => {
  await service.kill();
  await data.remove();
});

async function get(path: string): Promise<Record<string, unknown>> {
  return JSON.parse((await ask(`${service.url}${path}`)).text);
}

test('an erasure that is killed at any step goes on to its end, and is recorded once', async () => {
  await service.start();
  const sender = createSender('shop');
  const spans = ['carol-1848', 'dave'].flatMap((who) =>
    Array.from({ length: 300 }, (_, i) =>
      sender.span({
        attributes: { ...sessionAttributes(who, `${who}s session ${i % 7}`), 'user.name': `name of ${who}` },
      }),
    ),
  );
  expect((await sendTraces(service.url ?? '', toProtobuf(spans))).status).toBe(200);
  await waitFor('the index', async () => {
    const { records } = await get(`/api/records?query=user.id:carol-1848`);
    return Array.isArray(records) && records.length > 0;
  });
  const asked = await ask(`${service.url}/api/erasures`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ subject: { id: 'carol-1848' }, reason: 'request 18' }),
  });
  const { id, reference } = JSON.parse(asked.text);
  for (let kill = 0; kill < KILLS; kill++) {
    // The next one a little later, from at once to after it is done.
    await delay((kill * LONGEST_MS) / KILLS);
    await service.kill();
    await service.start();
  }
  await waitFor(
    'the erasure',
    async () => (await get(`/api/erasures/${id}`))['state'] === 'completed',
    60_000,
  );
  await service.kill();
  for (const [file, bytes] of await readAllFiles(data.path)) {
    expect(bytes.includes('carol'), file).toBe(false);
  }
  const last = await startTestService(data.path, { SPANLEDGER_FOUR_EYES: 'false' });
  await last.close();
  const report = await verifyDirectory(data.path);
  expect(report.failures).toEqual([]);
  const records = (await readEntries(data.path)).map((entry) => JSON.stringify(entry));
  expect(records.filter((text) => text.includes(`erasure-${id}-completed`))).toHaveLength(1);
  expect(records.filter((text) => text.includes(reference)).length).toBeGreaterThan(300);
}, 240_000);
