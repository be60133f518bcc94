import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { alertDraft, appendDrafts } from '../../support/exporter/alerts.ts';
import { ServiceProcess } from '../../support/exporter/service-process.ts';
import { makeDataDirectory, waitFor } from '../../support/exporter/service.ts';
import { HttpReceiver } from '../../support/receivers/http.ts';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const ALERTS = 60;
const KILLS = 3;

test('kill -9 in mid-delivery loses no alert, keeps their order, and repeats at most the one under way', async () => {
  const data = await makeDataDirectory();
  await using receiver = await HttpReceiver.start();
  await using service = new ServiceProcess(data.path);
  const deliver = [
    { name: 'soc', kind: 'webhook', url: receiver.url, secret_files: [join(data.path, 'secret')] },
  ];
  await writeFile(join(data.path, 'secret'), SECRET);
  await writeFile(join(data.path, 'spanledger.yaml'), stringify({ alerts: { deliver } }));
  await service.start();
  await service.kill();
  const ids = Array.from({ length: ALERTS }, (_, i) => `alert-${String(i).padStart(3, '0')}`);
  await appendDrafts(
    data.path,
    ids.map((id) => alertDraft({ id })),
  );

  for (let kill = 0; kill < KILLS; kill++) {
    const before = receiver.posts.length;
    // However fast it is, some are left for the rounds after this one.
    receiver.answer = 'hang';
    receiver.next.splice(0, receiver.next.length, ...Array.from({ length: 10 }, () => ({ status: 200 })));
    await service.start();
    // At another place each time: some posts on their way, then some milliseconds more.
    await waitFor('some alerts', () => receiver.posts.length > before + 7);
    await delay(kill);
    await service.kill();
  }
  receiver.answer = { status: 200 };
  await service.start();
  const received = (): string[] => receiver.posts.map(({ headers }) => String(headers['webhook-id']));
  await waitFor('all alerts', () => received().includes(ids.at(-1) ?? ''), 30_000);
  await service.kill();

  const repeats = received().filter((id, i, all) => all[i - 1] === id);
  const once = received().filter((id, i, all) => all[i - 1] !== id);
  expect(once).toEqual(ids);
  expect(repeats.length).toBeLessThanOrEqual(KILLS + 1);
  await data.remove();
}, 120_000);
