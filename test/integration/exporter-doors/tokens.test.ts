import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import {
  createToken,
  dataDirectory,
  revokeToken,
  rotateToken,
  type Service,
  type TokenWish,
} from '@spanledger/audit-exporter';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readTokenId } from '../../../packages/exporter/src/doors/token.ts';
import { ask, type Answer } from '../../support/exporter/ask.ts';
import {
  makeDataDirectory,
  readAllFiles,
  startTestService,
  waitFor,
} from '../../support/exporter/service.ts';
import { createSender, toProtobuf } from '../../support/exporter/spans.ts';

let data: Awaited<ReturnType<typeof makeDataDirectory>>;
let service: Service;
let directory: string;
const drawn: string[] = [];

beforeAll(async () => {
  data = await makeDataDirectory();
  directory = dataDirectory(data.path).tokens;
  // The first token: from here on, nobody comes in without.
  await make({ role: 'administrator', services: [] });
  service = await startTestService(data.path);
});

afterAll(async () => {
  await service.close();
  await data.remove();
});

async function make(wish: TokenWish, nowMs = Date.now()): Promise<{ id: string; token: string }> {
  const { token, stored } = await createToken(directory, wish, nowMs);
  drawn.push(token);
  return { id: stored.id, token };
}

/** A token that the service knows already. */
async function known(wish: TokenWish): Promise<{ id: string; token: string }> {
  const made = await make(wish);
  service.reload();
  return made;
}

function send(token: string | undefined, ...services: string[]): Promise<Answer> {
  const body = toProtobuf(services.map((name) => createSender(name).span()));
  return ask(`${service.url}/v1/traces`, { body, ...(token !== undefined && { token }) });
}

function read(token?: string, path = '/api/records'): Promise<Answer> {
  return ask(`${service.url}${path}`, token === undefined ? {} : { token });
}

describe('a sender', () => {
  test('is let in with its token, and not to read', async () => {
    const { token } = await known({ role: 'sender', services: ['shop'] });
    expect((await send(token, 'shop')).status).toBe(200);
    expect((await read(token)).status).toBe(403);
  });

  test('without a token is told to bring one', async () => {
    const auditor = await known({ role: 'auditor', services: [] });
    const answer = await send(undefined, 'nobody-sent-this');
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="spanledger"');
    expect(JSON.parse(answer.text)).toMatchObject({
      code: 16,
      hint: expect.stringContaining('tokens create'),
    });
    const attempts = '/api/records?query=event.reason:token_missing';
    await waitFor('the record of the attempt', async () =>
      (await read(auditor.token, attempts)).text.includes('access.refused'),
    );
    const records = await read(auditor.token, '/api/records?query=service.name:nobody-sent-this');
    expect(records.text).toContain('"records":[]');
  });

  test('is held to its services: a request with another one is refused whole', async () => {
    const { token } = await known({ role: 'sender', services: ['shop', 'orders'] });
    expect((await send(token, 'shop', 'orders')).status).toBe(200);
    await waitFor('publication', () => service.sizes().published === service.sizes().durable);
    const answer = await send(token, 'shop', 'stock');
    expect(answer.status).toBe(403);
    expect(answer.headers['www-authenticate']).toContain('error="insufficient_scope"');
    expect(JSON.parse(answer.text)).toMatchObject({ code: 7 });
    const auditor = await known({ role: 'auditor', services: [] });
    await waitFor('the index', async () =>
      (await read(auditor.token, '/api/records?query=service.name:orders')).text.includes('orders'),
    );
    expect((await read(auditor.token, '/api/records?query=service.name:stock')).text).toContain(
      '"records":[]',
    );
  });

  test('whose spans name no service is held to it as well', async () => {
    const { token } = await known({ role: 'sender', services: ['unknown_service'] });
    const body = JSON.stringify({
      resourceSpans: [
        { scopeSpans: [{ spans: [{ traceId: '1'.repeat(32), spanId: '2'.repeat(16), name: 'x' }] }] },
      ],
    });
    const headers = { 'content-type': 'application/json' };
    expect((await ask(`${service.url}/v1/traces`, { body, headers, token })).status).toBe(403);
    const any = await known({ role: 'sender', services: ['*'] });
    expect((await ask(`${service.url}/v1/traces`, { body, headers, token: any.token })).status).toBe(200);
  });

  test('for any service sends them all', async () => {
    const { token } = await known({ role: 'sender', services: ['*'] });
    expect((await send(token, 'shop', 'stock', 'whatever')).status).toBe(200);
  });
});

describe('a reader', () => {
  test.each(['auditor', 'administrator'] as const)('as %s reads, and does not send', async (role) => {
    const { token } = await known({ role, services: [] });
    expect((await read(token)).status).toBe(200);
    const answer = await send(token, 'shop');
    expect(answer.status).toBe(403);
    expect(answer.headers['www-authenticate']).toContain('scope="sender"');
  });

  test('is answered in the API’s own form', async () => {
    const answer = await read();
    expect(answer.status).toBe(401);
    expect(JSON.parse(answer.text)).toMatchObject({ error: { code: 'unauthenticated' } });
  });
});

describe('a wrong token', () => {
  test.each([
    ['of another form', () => 'secret'],
    ['mistyped', (token: string) => token.slice(0, 20) + (token[20] === 'a' ? 'b' : 'a') + token.slice(21)],
    ['cut', (token: string) => token.slice(0, -1)],
    ['with more behind it', (token: string) => `${token}0`],
  ])('%s is told to be none', async (_what, change) => {
    const { token } = await known({ role: 'auditor', services: [] });
    const answer = await read(change(token));
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toContain('error="invalid_token"');
  });

  test('of another data directory is not known', async () => {
    const other = await makeDataDirectory();
    const { token } = await createToken(other.path, { role: 'auditor', services: [] }, Date.now());
    expect((await read(token)).text).toContain('not known here');
    await other.remove();
  });

  test('that has the id of a known one is not known', async () => {
    const { id } = await known({ role: 'auditor', services: [] });
    const other = await makeDataDirectory();
    // The checksum is none of a secret: anybody can make a token of this form.
    const { token, stored } = await createToken(other.path, { role: 'auditor', services: [] }, Date.now());
    const body = token.slice(0, -6).replace(stored.id, id);
    const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
    let sum = crc32(body);
    let checksum = '';
    for (let i = 0; i < 6; i++, sum = Math.floor(sum / 62)) checksum = digits.charAt(sum % 62) + checksum;
    expect(readTokenId(body + checksum)).toBe(id);
    expect((await read(body + checksum)).text).toContain('not known here');
    await other.remove();
  });

  test('does not come by the URL, nor by another scheme', async () => {
    const { token } = await known({ role: 'auditor', services: [] });
    expect((await read(undefined, `/api/records?access_token=${token}`)).status).toBe(401);
    const basic = { authorization: `Basic ${Buffer.from(`x:${token}`).toString('base64')}` };
    expect((await ask(`${service.url}/api/records`, { headers: basic })).status).toBe(401);
  });
});

describe('the life of a token', () => {
  test('made while the service runs, it counts within a second', async () => {
    const { token } = await make({ role: 'auditor', services: [] });
    await waitFor('the token', async () => (await read(token)).status === 200, 1_000);
  });

  test('revoked while the service runs, it ends within a second', async () => {
    const { id, token } = await known({ role: 'auditor', services: [] });
    expect((await read(token)).status).toBe(200);
    await revokeToken(directory, id, Date.now());
    await waitFor('its end', async () => (await read(token)).status === 401, 1_000);
    expect((await read(token)).text).toContain('revoked');
  });

  test('removed, it is not known any more', async () => {
    const { id, token } = await known({ role: 'auditor', services: [] });
    await rm(join(directory, `${id}.json`));
    await waitFor('its end', async () => (await read(token)).status === 401, 1_000);
  });

  test('it ends when it expires', async () => {
    const { token } = await known({ role: 'auditor', services: [], expiresMs: Date.now() + 700 });
    expect((await read(token)).status).toBe(200);
    await waitFor('its end', async () => (await read(token)).status === 401);
    expect((await read(token)).text).toContain('expired');
  });

  test('rotated, both count until the overlap is over', async () => {
    const { id, token } = await known({ role: 'auditor', services: [] });
    const { token: next } = await rotateToken(directory, id, { overlapMs: 1_500, nowMs: Date.now() });
    drawn.push(next);
    service.reload();
    expect([(await read(token)).status, (await read(next)).status]).toEqual([200, 200]);
    await waitFor('the end of the overlap', async () => (await read(token)).status === 401);
    expect((await read(next)).status).toBe(200);
  });

  test('rotation does not lengthen the life of the old one', async () => {
    const expiresMs = Date.now() + 60_000;
    const { id } = await known({ role: 'sender', services: ['shop'], expiresMs });
    const { old, stored } = await rotateToken(directory, id, { overlapMs: 3_600_000, nowMs: Date.now() });
    expect(Date.parse(old.expires ?? '')).toBe(expiresMs);
    expect(stored).toMatchObject({ role: 'sender', services: ['shop'], replaces: id });
  });
});

test('what happened to a token is in the ledger, with what it let in', async () => {
  const auditor = await known({ role: 'auditor', services: [] });
  const { id } = await known({ role: 'sender', services: ['shop'], name: 'for Alice' });
  const { stored } = await rotateToken(directory, id, { overlapMs: 60_000, nowMs: Date.now() });
  await revokeToken(directory, id, Date.now());
  service.reload();
  await rm(join(directory, `${stored.id}.json`));
  service.reload();
  const path = `/api/records?order=asc&query=${encodeURIComponent(`audit.target.id:(${id} or ${stored.id})`)}`;
  await waitFor('the records', async () => (await read(auditor.token, path)).text.includes('token.removed'));
  const { records } = JSON.parse((await read(auditor.token, path)).text);
  const told = records.map((record: { event: { action: string }; audit: { target: object } }) => [
    record.event.action,
    record.audit.target,
  ]);
  const of = (token: string): object => ({ id: token, type: 'access.token' });
  expect(told).toEqual([
    ['access.token.created', of(id)],
    ['access.token.replaced', of(id)],
    ['access.token.revoked', of(id)],
    ['access.token.created', of(stored.id)],
    ['access.token.removed', of(stored.id)],
  ]);
  expect(records[0]).toMatchObject({
    audit: { access: { role: 'sender', services: ['shop'], token: id } },
    attributes: { 'audit.access.name': 'for Alice' },
  });
  expect(records[3].audit.access.replaces).toBe(id);
});

test('no token is in the data directory, and no part of its secret', async () => {
  await waitFor('publication', () => service.sizes().published === service.sizes().durable);
  expect(drawn.length).toBeGreaterThan(10);
  const files = await readAllFiles(data.path);
  expect(files.size).toBeGreaterThan(10);
  for (const [name, bytes] of files) {
    for (const token of drawn) {
      expect(bytes.includes(token), name).toBe(false);
      // "slt_", the id and "_" are no secret.
      expect(bytes.includes(token.slice(15, 35)), name).toBe(false);
    }
  }
  expect(await readdir(directory)).not.toHaveLength(0);
});
