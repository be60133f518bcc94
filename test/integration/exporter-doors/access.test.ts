import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createToken, dataDirectory, type Service } from '@spanledger/audit-exporter';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ask } from '../../support/exporter/ask.ts';
import { makeDataDirectory, startTestService, waitFor } from '../../support/exporter/service.ts';

let data: Awaited<ReturnType<typeof makeDataDirectory>>;
let service: Service | undefined;

beforeEach(async () => {
  data = await makeDataDirectory();
});

afterEach(async () => {
  await service?.close();
  service = undefined;
  await data.remove();
});

async function status(path: string, token?: string): Promise<number> {
  return (await ask(`${service?.url}${path}`, token === undefined ? {} : { token })).status;
}

test('on this machine, as long as there is no token, everybody comes in; with the first one nobody does without', async () => {
  service = await startTestService(data.path);
  expect(await status('/api/records')).toBe(200);
  const { tokens } = dataDirectory(data.path);
  const { token } = await createToken(tokens, { role: 'auditor', services: [] }, Date.now());
  await waitFor('the token', async () => (await status('/api/records')) === 401, 1_000);
  expect(await status('/api/records', token)).toBe(200);
  expect([await status('/healthz'), await status('/readyz')]).toEqual([200, 200]);
});

test('a token that is presented is checked, whether one is required or not', async () => {
  service = await startTestService(data.path, { SPANLEDGER_ACCESS_REQUIRED: 'false' });
  const { tokens } = dataDirectory(data.path);
  const { token } = await createToken(tokens, { role: 'sender', services: ['shop'] }, Date.now());
  service.reload();
  expect(await status('/api/records')).toBe(200);
  expect(await status('/api/records', 'wrong')).toBe(401);
  expect(await status('/api/records', token)).toBe(403);
});

test('a token may be required although there is none: nobody comes in, and readiness says so', async () => {
  service = await startTestService(data.path, { SPANLEDGER_ACCESS_REQUIRED: 'true' });
  expect(await status('/api/records')).toBe(401);
  expect((await ask(`${service.url}/v1/traces`, { body: '' })).status).toBe(401);
  expect(await status('/healthz')).toBe(200);
});

test('the last token’s removal opens nothing', async () => {
  const { tokens } = dataDirectory(data.path);
  const { stored } = await createToken(tokens, { role: 'auditor', services: [] }, Date.now());
  service = await startTestService(data.path);
  await rm(join(tokens, `${stored.id}.json`));
  service.reload();
  expect(await status('/api/records')).toBe(401);
});

test('tokens that cannot be read change nothing while the service runs, and keep it from starting', async () => {
  const { tokens } = dataDirectory(data.path);
  const { token } = await createToken(tokens, { role: 'auditor', services: [] }, Date.now());
  service = await startTestService(data.path);
  await mkdir(tokens, { recursive: true });
  await writeFile(join(tokens, '0000000000.json'), '{"id":');
  service.reload();
  expect(await status('/api/records', token)).toBe(200);
  expect((await ask(`${service.url}/readyz`, { token })).text).toContain('tokens_refused');
  await service.close();
  service = undefined;
  await expect(startTestService(data.path)).rejects.toMatchObject({ code: 'tokens_damaged' });
});
