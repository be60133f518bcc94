import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { startElasticsearch } from './node.ts';
import { sharedElasticsearch } from './shared.ts';

describe('the Elasticsearch of a run', () => {
  it('is the pinned version, and each suite is told the same one', async () => {
    const url = await sharedElasticsearch();
    const answer: unknown = await (await fetch(url)).json();
    expect(answer).toMatchObject({ version: { number: '9.4.3' } });
    expect(await sharedElasticsearch()).toBe(url);
  });

  it('keeps what it acknowledged over a data stream of its own', async () => {
    const url = await sharedElasticsearch();
    const stream = `logs-test-${randomUUID()}`;
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ index_patterns: [stream], data_stream: {}, priority: 500 });
    expect((await fetch(`${url}/_index_template/${stream}`, { method: 'PUT', headers, body })).status).toBe(
      200,
    );
    const document = JSON.stringify({ '@timestamp': '2026-01-01T00:00:00Z' });
    const created = await fetch(`${url}/${stream}/_create/1`, { method: 'PUT', headers, body: document });
    expect(created.status).toBe(201);
    expect(await (await fetch(`${url}/_data_stream/${stream}`)).json()).toMatchObject({
      data_streams: [{ name: stream }],
    });
    expect((await fetch(`${url}/_data_stream/${stream}`, { method: 'DELETE' })).status).toBe(200);
    expect((await fetch(`${url}/_index_template/${stream}`, { method: 'DELETE' })).status).toBe(200);
  });
});

describe('a node with security', () => {
  it('speaks TLS under its own authority, knows its superuser and nobody else', async () => {
    await using node = await startElasticsearch({ security: true, heap: '512m' });
    const { username, password, caFile = '' } = node;
    const ca = await readFile(caFile);
    const statusFor = async (auth: string | undefined) => {
      const asking = request(node.url, { ca, ...(auth !== undefined && { auth }) }).end();
      const [response] = await once(asking, 'response');
      response.resume();
      return response.statusCode;
    };
    expect(await statusFor(`${username}:${password}`)).toBe(200);
    expect(await statusFor(undefined)).toBe(401);
    expect(await statusFor(`${username}:wrong`)).toBe(401);
    await expect(fetch(node.url)).rejects.toThrow();
  });
});
