import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { openArchive } from '@spanledger/audit-exporter';
import { expect, onTestFinished, test } from 'vitest';
import { ServiceProcess } from '../../support/exporter/service-process.ts';
import {
  makeDataDirectory,
  readEntries,
  sendTraces,
  verifyDirectory,
  waitFor,
} from '../../support/exporter/service.ts';
import { createSender, sessionAttributes, toProtobuf } from '../../support/exporter/spans.ts';

const ROUNDS = 6;
const CONFIG = 'completeness: { grace_seconds: 0.3, silence_minutes: 10 }\n';

test('kill -9 at any moment, and a rebuild: each hole is recorded once, and the list of producers is what the log says', async () => {
  const data = await makeDataDirectory();
  onTestFinished(() => data.remove());
  const file = join(data.path, 'spanledger.yaml');
  await writeFile(file, CONFIG);
  await using service = new ServiceProcess(data.path, [], 0, { SPANLEDGER_CONFIG: file });
  await service.start();
  const shop = createSender('shop');
  const spans = Array.from({ length: 20 * ROUNDS }, () =>
    shop.span({ attributes: sessionAttributes('alice', 'sid-1') }),
  );
  const held: typeof spans = [];
  const send = async (batch: typeof spans): Promise<void> => {
    const response = await sendTraces(service.url ?? '', toProtobuf(batch));
    expect(response.status).toBe(200);
  };
  for (let round = 0; round < ROUNDS; round++) {
    const batch = spans.slice(20 * round, 20 * (round + 1));
    // Of each twenty the fifth and sixth are late, or never come.
    held.push(...batch.splice(4, 2));
    await send(batch);
    // Before the gap is noticed, while it is being recorded, and after it.
    await delay(Math.random() * 2500);
    await service.kill();
    if (round === 3) await rm(join(data.path, 'completeness'), { recursive: true, force: true });
    await service.start();
  }
  await waitFor(
    'all gaps',
    async () => (await producerRecords(data.path)).filter(isGap).length === ROUNDS,
    30_000,
  );
  // Four of the six holes are closed.
  await send(held.slice(0, 8));
  await waitFor(
    'the end of four',
    async () => {
      const records = await producerRecords(data.path);
      return records.filter((action) => action.startsWith('producer.gap_closed')).length === 4;
    },
    30_000,
  );
  await service.kill();

  const said = await producerRecords(data.path);
  expect(said.toSorted()).toEqual(
    [
      ...Array.from({ length: ROUNDS }, (_, i) => `producer.gap ${20 * i + 5}-${20 * i + 6}`),
      ...Array.from({ length: 4 }, (_, i) => `producer.gap_closed ${20 * i + 5}-${20 * i + 6}`),
    ].toSorted(),
  );
  const report = await verifyDirectory(data.path);
  expect(report.failures).toEqual([]);
  expect(report.warnings.filter(({ code }) => code === 'producer_gap')).toEqual([]);
  expect(report.producers.find(({ streamId }) => streamId === shop.streamId)?.explained).toHaveLength(2);

  await settle(data.path, service);
  const before = dump(data.path);
  await rm(join(data.path, 'completeness'), { recursive: true });
  await settle(data.path, service);
  expect(dump(data.path)).toEqual(before);
  expect(await producerRecords(data.path)).toHaveLength(said.length);
  const archive = await openArchive(data.path);
  const answer = await archive.completeness('sid-1');
  await archive.close();
  expect(answer).toMatchObject({
    complete: false,
    producers: [{ stream_id: shop.streamId, first: 1, last: 20 * ROUNDS }],
  });
  expect(answer?.producers[0]?.holes).toMatchObject([
    { from: 85, to: 86, explained: { by: 'noticed' } },
    { from: 105, to: 106, explained: { by: 'noticed' } },
  ]);
}, 120_000);

/** Starts the service, and kills it once the list of producers has taken in all there is. */
async function settle(directory: string, service: ServiceProcess): Promise<void> {
  await service.start();
  await waitFor('the list of producers', async () => {
    const status: unknown = await (await fetch(`${service.url}/api/status`)).json();
    const followers = Object(status)['followers'];
    return Object(followers)['completeness'] === 0;
  });
  // Time for what must not happen: what is overdue is looked for once a second.
  await delay(1500);
  await service.kill();
  expect((await readEntries(directory)).length).toBeGreaterThan(0);
}

function isGap(action: string): boolean {
  return action.startsWith('producer.gap ');
}

async function producerRecords(directory: string): Promise<string[]> {
  const entries = await readEntries(directory);
  return entries.flatMap((entry) => {
    const { kind, action } = Object(entry['event']);
    const { first, last } = Object(Object(entry['audit'])['producer']);
    return kind === 'state' && String(action).startsWith('producer.') ? [`${action} ${first}-${last}`] : [];
  });
}

function dump(directory: string): unknown {
  const database = new DatabaseSync(join(directory, 'completeness', 'producers.db'), { readOnly: true });
  try {
    return ['producers', 'participations'].map((table) =>
      database
        .prepare(`SELECT * FROM ${table}`)
        .all()
        .map((row) => ({ ...row })),
    );
  } finally {
    database.close();
  }
}
