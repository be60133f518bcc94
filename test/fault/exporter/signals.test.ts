import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { makeDataDirectory, readEntries, verifyDirectory } from '../../support/exporter/service.ts';
import { ServiceProcess } from '../../support/exporter/service-process.ts';
import { CLIENT, SigningProvider } from '../../support/signals/signing-provider.ts';

const TOKENS = 80;
const KILLS = 4;
const AT_ONCE = 8;

/** Security events of sessions that were revoked, each of its own. */
async function makeEvents(provider: SigningProvider): Promise<Map<string, string>> {
  const events = new Map<string, string>();
  for (let i = 0; i < TOKENS; i++) {
    const { jti, token } = await provider.securityEvent(
      'https://schemas.openid.net/secevent/caep/event-type/session-revoked',
      {},
      { claims: { jti: randomUUID(), sub_id: { format: 'opaque', id: `person ${i}` } } },
    );
    events.set(jti, token);
  }
  return events;
}

async function push(url: string, token: string): Promise<number> {
  const response = await fetch(`${url}/signals/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/secevent+jwt' },
    body: token,
  });
  await response.arrayBuffer();
  return response.status;
}

test('a transmitter that repeats itself until it is told, and a service that is killed: each event once', async () => {
  const data = await makeDataDirectory();
  await using provider = await SigningProvider.start();
  const events = [...(await makeEvents(provider)).values()];
  // It takes its configuration from where it works.
  await writeFile(
    join(data.path, 'spanledger.yaml'),
    JSON.stringify({ providers: [{ issuer: provider.issuer, audience: [CLIENT], ssf: { push: {} } }] }),
  );
  await using service = new ServiceProcess(data.path);
  await service.start();
  let acknowledged = 0;
  let isDone = false;
  const send = async (): Promise<void> => {
    for (let token = events.pop(); token !== undefined; token = events.pop()) {
      for (let status = 0; status !== 202;) {
        const { url } = service;
        status = url === undefined ? 0 : await push(url, token).catch(() => 0);
        if (status !== 202) await delay(5);
      }
      acknowledged++;
    }
  };
  const sending = Promise.all(Array.from({ length: AT_ONCE }, send)).finally(() => {
    isDone = true;
  });
  for (let kill = 1; kill <= KILLS; kill++) {
    while (!isDone && acknowledged < (TOKENS * kill) / (KILLS + 1)) await delay(1);
    await service.kill();
    await service.start();
  }
  await sending;
  await service.kill();
  await service.start();
  await service.kill();
  const ids = (await readEntries(data.path)).flatMap((entry) => {
    const { record, signal }: { record: { id: string }; signal?: object } = JSON.parse(
      JSON.stringify(entry['audit']),
    );
    return signal === undefined ? [] : [record.id];
  });
  expect(ids).toHaveLength(TOKENS);
  expect(new Set(ids).size).toBe(TOKENS);
  expect(await verifyDirectory(data.path)).toMatchObject({ ok: true });
  await data.remove();
});
