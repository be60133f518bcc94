import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { generateSigner } from '@spanledger/ledger';
import { parseNote, parseVerificationKey, verifyCosignatures } from '@spanledger/ledger/verify';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { honestLog } from '../../support/ledger/tree-log.ts';
import { post, startWitness } from '../../support/ledger/witness-http.ts';

const LOG = honestLog(40);
const FORK = LOG.forkedAt(10);

/** Sends bytes and reads until the other side has ended; undefined if it did not answer. */
async function converse(url: string, bytes: string | Uint8Array): Promise<string> {
  const { port, hostname } = new URL(url);
  const socket = connect(Number(port), hostname);
  let answer = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
  socket.on('error', () => undefined);
  socket.write(bytes);
  socket.end();
  await once(socket, 'close');
  return answer;
}

describe('a witness over HTTP', () => {
  test('cosigns, tells the size, refuses', async () => {
    const { url, vkey } = await startWitness([LOG.watched]);
    const reply = await post(url, await LOG.request(0, 20));
    expect(reply).toMatchObject({ status: 200, type: 'text/plain; charset=utf-8' });
    const key = parseVerificationKey(vkey, 'cosignature');
    const note = parseNote(LOG.checkpoint(20) + reply.text);
    if (!key.ok || !note.ok) throw new TypeError('cannot be read');
    expect(verifyCosignatures(note.value, [key.value]).verified).toHaveLength(1);

    expect(await post(url, await LOG.request(5, 30))).toEqual({
      status: 409,
      type: 'text/x.tlog.size',
      text: '20\n',
    });
    expect(await post(url, await FORK.request(20, 20))).toMatchObject({
      status: 409,
      type: expect.not.stringContaining('size'),
    });
    expect(await post(url, await FORK.request(20, 30))).toMatchObject({ status: 422 });
    expect(await post(url, await LOG.request(20, 10))).toMatchObject({ status: 400 });
    expect(await post(url, await honestLog(3, generateSigner('x.example')).request(0, 3))).toMatchObject({
      status: 404,
    });
    expect(
      await post(url, await honestLog(40, generateSigner(LOG.signer.origin)).request(20, 30)),
    ).toMatchObject({ status: 403 });
    expect(await post(url, 'nonsense')).toMatchObject({ status: 400 });
  });

  test('shows what it cosigned last of a log', async () => {
    const { url } = await startWitness([LOG.watched]);
    const path = `${url}/${createHash('sha256').update(LOG.signer.origin).digest('hex')}/checkpoint`;
    expect((await fetch(path)).status).toBe(404);
    await post(url, await LOG.request(0, 20));
    const shown = await (await fetch(path)).text();
    expect(shown.startsWith(LOG.checkpoint(20))).toBe(true);
    expect(parseNote(shown)).toMatchObject({
      ok: true,
      value: { signatures: [{}, { name: 'witness.example/w' }] },
    });
  });

  test('has no other doors', async () => {
    const { url } = await startWitness([LOG.watched]);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect((await fetch(`${url}/add-checkpoint`)).status).toBe(405);
    expect((await fetch(`${url}/healthz`, { method: 'DELETE' })).status).toBe(405);
    for (const path of [
      '/',
      '/state',
      '/witness.key',
      '/../state',
      '/%2e%2e/state',
      `/${'0'.repeat(64)}/checkpoint`,
    ]) {
      expect((await fetch(`${url}${path}`)).status, path).toBe(404);
    }
  });

  test('takes no endless body', async () => {
    const { url } = await startWitness([LOG.watched]);
    expect((await post(url, 'old 0\n'.padEnd(64 * 1024 + 1, 'x'))).status).toBe(413);
    const declared = await converse(
      url,
      `POST /add-checkpoint HTTP/1.1\r\nhost: w\r\ncontent-length: 999999999999\r\n\r\n${'y'.repeat(200_000)}`,
    );
    expect(declared).toMatch(/^HTTP\/1.1 413/);
    expect((await post(url, await LOG.request(0, 20))).status).toBe(200);
  });

  test('does not sign twice what comes at the same time', async () => {
    const { url } = await startWitness([LOG.watched]);
    const requests = await Promise.all([
      ...[20, 25, 30, 35].map((size) => LOG.request(0, size)),
      ...[20, 25, 30, 35].map((size) => FORK.request(0, size)),
    ]);
    const replies = await Promise.all(requests.map((request) => post(url, request)));
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(replies.filter(({ status }) => status === 409)).toHaveLength(7);
  });
});

test('a request that never ends is cut, and others are answered meanwhile', async () => {
  const { url } = await startWitness([LOG.watched]);
  const { port, hostname } = new URL(url);
  const heads = [
    'POST /add-checkpoint HTTP/1.1\r\nhost: w\r\ncontent-length: 100\r\n\r\nold',
    'POST /add-checkpoint HTTP/1.1\r\nhost',
  ];
  const sockets = heads.map((head) => {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined).resume();
    socket.write(head);
    return once(socket, 'close');
  });
  expect((await post(url, await LOG.request(0, 20))).status).toBe(200);
  await Promise.all(sockets);
});

describe('hostile requests', () => {
  test('are answered or cut, and the witness goes on', async () => {
    const { url, events } = await startWitness([LOG.watched]);
    const good = Buffer.from(await LOG.request(0, 20));
    const body = fc.oneof(
      fc.uint8Array({ maxLength: 500 }),
      fc
        .record({ at: fc.nat(good.length - 1), bytes: fc.uint8Array({ minLength: 1, maxLength: 4 }) })
        .map(({ at, bytes }) => {
          const changed = Buffer.from(good);
          changed.set(bytes.subarray(0, changed.length - at), at);
          return new Uint8Array(changed);
        }),
      fc.nat(good.length).map((end) => new Uint8Array(good.subarray(0, end))),
    );
    await fc.assert(
      fc.asyncProperty(body, async (bytes) => {
        const { status } = await post(url, bytes);
        const isGood = Buffer.from(bytes).equals(good);
        expect([400, 403, 404, 409, 422, ...(isGood ? [200] : [])]).toContain(status);
      }),
      { numRuns: 300 },
    );
    expect(events.filter(({ kind }) => kind === 'failed')).toEqual([]);
    const { status } = await post(url, await LOG.request(0, 20));
    expect([200, 409]).toContain(status);
  });

  test('that are no HTTP do not harm it either', async () => {
    const { url } = await startWitness([LOG.watched]);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), async (bytes) => {
        expect(await converse(url, bytes)).toMatch(/^(HTTP\/1.1 4\d\d|$)/);
      }),
      { numRuns: 100 },
    );
    for (const head of [
      'POST /add-checkpoint HTTP/1.1\r\nhost: w\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
      `POST /add-checkpoint HTTP/1.1\r\nhost: w\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`,
      'POST /add-checkpoint HTTP/1.1\r\nhost: w\r\ncontent-length: 100\r\n\r\nold 0',
      'POST http://[ HTTP/1.1\r\nhost: w\r\n\r\n',
    ]) {
      await converse(url, head);
    }
    expect((await post(url, await LOG.request(0, 20))).status).toBe(200);
  });
});
