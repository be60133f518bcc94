import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isJsonObject } from '@spanledger/record';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ServiceProcess } from '../../support/exporter/service-process.ts';
import {
  makeDataDirectory,
  readEntries,
  sendTraces,
  startTestService,
  verifyDirectory,
} from '../../support/exporter/service.ts';
import { createSender, sessionAttributes, toProtobuf } from '../../support/exporter/spans.ts';

const KILLS = 5;
const SPANS_PER_REQUEST = 8;

let directory: Awaited<ReturnType<typeof makeDataDirectory>>;
let env: NodeJS.ProcessEnv;
beforeEach(async () => {
  directory = await makeDataDirectory();
  const file = join(directory.path, 'audit-policy.yaml');
  await writeFile(file, 'version: 1\nrules: [{ name: probes, match: { route: /healthz }, level: none }]\n');
  env = { SPANLEDGER_POLICY_FILE: file };
});
afterEach(() => directory.remove());

/** Counts of `policy.skipped` records. */
async function skippedCounts(): Promise<number[]> {
  return (await readEntries(directory.path)).flatMap(({ audit }) => {
    const policy = isJsonObject(audit) ? audit['policy'] : undefined;
    const skipped = isJsonObject(policy) ? policy['skipped'] : undefined;
    return isJsonObject(skipped) ? [Number(skipped['count'])] : [];
  });
}

test('kill -9 with spans that are left out and in no record: each is counted once, and none is a hole', async () => {
  const sender = createSender('shop');
  let sent = 0;
  let body = new Uint8Array();
  for (let kill = 0; kill < KILLS; kill++) {
    await using service = new ServiceProcess(directory.path, [], 0, env);
    await service.start();
    const url = service.url ?? '';
    // What the last run took and could not count in the ledger any more is known to this one.
    if (kill > 0) expect((await sendTraces(url, body)).status).toBe(200);
    body = new Uint8Array(
      toProtobuf(
        Array.from({ length: SPANS_PER_REQUEST }, (_, at) =>
          sender.span({
            attributes: {
              ...sessionAttributes('alice', 's1'),
              'http.route': at % 2 === 0 ? '/healthz' : '/orders/:id',
              'url.path': at % 2 === 0 ? '/healthz' : '/orders/1',
            },
          }),
        ),
      ),
    );
    expect((await sendTraces(url, body)).status).toBe(200);
    sent += SPANS_PER_REQUEST;
    await service.kill();
  }
  await (await startTestService(directory.path, env)).close();

  const counts = await skippedCounts();
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(sent / 2);
  const report = await verifyDirectory(directory.path);
  expect(report).toMatchObject({ ok: true, warnings: [] });
  expect(report.producers).toMatchObject([{ count: sent, skipped: sent / 2, missing: [], duplicates: 0 }]);
});
