import { createServer, type Server, type ServerResponse } from 'node:http';
import { httpTiles, verifyLedger } from '@spanledger/ledger/verify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeEntries, publishWithHistory, VKEY } from './support/memory-log.ts';

const log = publishWithHistory(makeEntries(300));
let server: Server;
let url: string;
let headers: NodeJS.Dict<string | string[]> = {};
const answers: Record<string, (response: ServerResponse) => void> = {
  '/bad/checkpoint': (response) => response.writeHead(500).end('no'),
  '/gone/checkpoint': (response) => response.writeHead(410).end('gone'),
  '/endless/tile/0/000': (response) => {
    const write = (): void => {
      if (!response.destroyed) response.write(new Uint8Array(4_096), () => setImmediate(write));
    };
    write();
  },
  '/silent/checkpoint': () => undefined,
};

beforeAll(async () => {
  server = createServer((request, response) => {
    headers = request.headers;
    const path = request.url ?? '';
    const answer = answers[path];
    const file = path.startsWith('/log/') ? log.files.get(path.slice('/log/'.length)) : undefined;
    if (answer !== undefined) answer(response);
    else if (file === undefined) response.writeHead(404).end();
    else response.writeHead(200).end(file);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
  url = `http://127.0.0.1:${address.port}`;
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe('httpTiles', () => {
  test.each(['', '/'])('a log verifies over HTTP, prefix ending in "%s"', async (end) => {
    const report = await verifyLedger({ source: httpTiles(`${url}/log${end}`), vkey: VKEY });
    expect(report).toMatchObject({ ok: true, verified: 300 });
  });

  test('404 and 410 mean absent, other statuses reject', async () => {
    expect(await httpTiles(`${url}/log`).read('nothing')).toBeUndefined();
    expect(await httpTiles(`${url}/gone`).read('checkpoint')).toBeUndefined();
    await expect(httpTiles(`${url}/bad`).read('checkpoint')).rejects.toThrow('status 500');
  });

  test('a body without end is given up', async () => {
    await expect(httpTiles(`${url}/endless`).read('tile/0/000')).rejects.toThrow('more than 8192 bytes');
  });

  test('a server that says nothing is given up, and so is one on request', async () => {
    await expect(httpTiles(`${url}/silent`, { timeoutMs: 50 }).read('checkpoint')).rejects.toThrow(
      /timeout/i,
    );
    const controller = new AbortController();
    const read = httpTiles(`${url}/silent`, { signal: controller.signal }).read('checkpoint');
    controller.abort(new Error('enough'));
    await expect(read).rejects.toThrow('enough');
  });

  test('an unreachable server is a finding of the verification', async () => {
    const report = await verifyLedger({ source: httpTiles('http://127.0.0.1:1/'), vkey: VKEY });
    expect(report.failures.map(({ code }) => code)).toContain('read_failed');
  });

  test('sends the headers that it is given', async () => {
    await httpTiles(`${url}/log`, { headers: { authorization: 'Bearer x' } }).read('checkpoint');
    expect(headers['authorization']).toBe('Bearer x');
  });
});
