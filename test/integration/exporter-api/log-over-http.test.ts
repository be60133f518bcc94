import { readdir, readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import type { Service } from '@spanledger/audit-exporter';
import { httpTiles, verifyLedger } from '@spanledger/ledger/verify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeDataDirectory, sendTraces, startTestService, waitFor } from '../../support/exporter/service.ts';
import { createSender, toProtobuf } from '../../support/exporter/spans.ts';

const RECORDS = 300;
const IMMUTABLE = 'public, max-age=31536000, immutable';

/** What the service answers, undecoded. */
interface RawAnswer {
  status: number;
  headers: Record<string, unknown>;
  body: Buffer;
}

let data: Awaited<ReturnType<typeof makeDataDirectory>>;
let service: Service;
/** Every file of the log, relative to its prefix. */
let paths: string[];

beforeAll(async () => {
  data = await makeDataDirectory();
  service = await startTestService(data.path);
  const sender = createSender('shop');
  for (const count of [10, RECORDS - 10]) {
    const spans = Array.from({ length: count }, () => sender.span({ attributes: { 'user.id': 'alice' } }));
    await sendTraces(service.url, toProtobuf(spans));
    await waitFor('publication', () => service.sizes().published === service.sizes().durable);
  }
  const ledger = join(data.path, 'ledger');
  const entries = await readdir(ledger, { recursive: true, withFileTypes: true });
  paths = entries
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map((entry) => join(entry.parentPath, entry.name).slice(ledger.length + 1));
});

afterAll(async () => {
  await service.close();
  await data.remove();
});

describe('a log over HTTP', () => {
  it('is served as its files are, whatever encoding is accepted', async () => {
    expect(paths).toEqual(
      expect.arrayContaining([
        'checkpoint',
        'tile/0/000',
        'tile/0/001.p/44',
        'tile/1/000.p/1',
        'tile/entries/000',
      ]),
    );
    for (const path of paths) {
      const file = await readFile(join(data.path, 'ledger', path));
      for (const encoding of ['identity', 'gzip, deflate, br, zstd']) {
        const answer = await ask('GET', `/${path}`, { 'accept-encoding': encoding });
        expect(answer.status, path).toBe(200);
        expect(answer.body.equals(file), path).toBe(true);
        expect(answer.headers).toMatchObject({ 'content-length': String(file.length) });
        expect(answer.headers['content-encoding']).toBeUndefined();
      }
    }
  });

  it('says of each file how long it may be kept, and what it is', async () => {
    for (const path of [...paths, 'ledger.vkey']) {
      const { headers } = await ask('GET', `/${path}`);
      const isTile = path.startsWith('tile/');
      expect(headers, path).toMatchObject({
        'cache-control': isTile ? IMMUTABLE : 'no-cache',
        'content-type': isTile ? 'application/octet-stream' : 'text/plain; charset=utf-8',
        'x-content-type-options': 'nosniff',
      });
      // A page of another origin is not let in: not every log is for everybody.
      expect(headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  it('tells the same to HEAD, without the bytes', async () => {
    for (const path of [...paths, 'ledger.vkey']) {
      const [get, head] = [await ask('GET', `/${path}`), await ask('HEAD', `/${path}`)];
      expect(head.status).toBe(200);
      expect(head.body.length).toBe(0);
      for (const name of ['content-length', 'content-type', 'cache-control'])
        expect(head.headers[name], `${name} of ${path}`).toBe(get.headers[name]);
    }
  });

  it.each([
    '/tile/0/002',
    '/tile/0/001.p/45',
    '/tile/2/000.p/1',
    '/tile/entries/x001/000',
    '/checkpoints/00000000000000000007',
  ])('lets nobody keep that %s is not there, for it may come', async (path) => {
    const { status, headers } = await ask('GET', path);
    expect(status).toBe(404);
    expect(headers['cache-control']).toBe('no-store');
  });

  it('is verified by what is served', async () => {
    const vkey = (await readFile(join(data.path, 'ledger.vkey'), 'utf8')).trim();
    const report = await verifyLedger({ source: httpTiles(service.url), vkey });
    expect(report).toMatchObject({ ok: true, size: RECORDS, verified: RECORDS });
  });
});

/** Asks without decoding the body, as a cache does. */
function ask(method: string, path: string, headers: Record<string, string> = {}): Promise<RawAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<RawAnswer>();
  const asked = request(new URL(path, service.url), { method, headers }, (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('error', reject);
    response.on('end', () => {
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) });
    });
  });
  asked.on('error', reject);
  asked.end();
  return promise;
}
