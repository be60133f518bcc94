import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { verifyInThread } from '../../../packages/exporter/src/ledger-verification.ts';
import { makeDataDirectory, sendTraces, startTestService, waitFor } from '../../support/exporter/service.ts';
import { createSender, toProtobuf } from '../../support/exporter/spans.ts';

test('a thread verifies the files of a service that runs, and names what is wrong with them', async () => {
  const data = await makeDataDirectory();
  const service = await startTestService(data.path);
  const sender = createSender('shop');
  await sendTraces(service.url, toProtobuf(Array.from({ length: 300 }, () => sender.span())));
  await waitFor('a checkpoint', async () => service.sizes().published >= 300);
  const log = { directory: join(data.path, 'ledger'), vkey: service.vkey };
  const signal = AbortSignal.timeout(30_000);
  const sound = await verifyInThread(log, signal);
  expect(sound).toMatchObject({ failures: 0, codes: [] });
  expect(sound.size).toBeGreaterThanOrEqual(300);

  const file = join(log.directory, 'tile/entries/000');
  const bytes = await readFile(file);
  await writeFile(file, bytes.with(bytes.length - 3, (bytes.at(-3) ?? 0) ^ 1));
  const found = await verifyInThread(log, signal);
  expect(found.failures).toBeGreaterThan(0);
  expect(found.first).toContain('255');
  await expect(verifyInThread(log, AbortSignal.abort())).rejects.toThrow();
  await service.close();
  await data.remove();
}, 30_000);
