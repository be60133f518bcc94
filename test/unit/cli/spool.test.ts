import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { TraceEncoder } from '../../../packages/instrumentation/src/otlp/encoder.ts';
import { RejectedStore } from '../../../packages/instrumentation/src/sender/rejected-store.ts';
import { readSpoolKey, SpoolSeal } from '../../../packages/instrumentation/src/spool/spool-seal.ts';
import { runHere } from '../../support/cli/context.ts';
import { makeSpan } from '../../support/instrumentation/spans.ts';

const REFUSED = Date.UTC(2026, 10, 22, 18);
const REQUEST = Buffer.from(
  new TraceEncoder('ab'.repeat(16)).encode(
    ['looked', 'bought'].map((name, at) => ({
      number: at + 1,
      span: makeSpan({ name, attributes: { 'user.id': 'alice' } }),
    })),
  ),
);

let directory = '';
let keyFile = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spanledger-spool-'));
  keyFile = drawKey('spool.key');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

function drawKey(name: string): string {
  const file = join(directory, name);
  writeFileSync(file, `${randomBytes(32).toString('base64')}\n`);
  return file;
}

const spool = (): string => join(directory, 'shop');

/** Has a request refused as the sender does. @returns its file */
function refuse(sealed: boolean, request: Uint8Array = REQUEST): string {
  mkdirSync(spool(), { recursive: true });
  const seal = sealed ? new SpoolSeal(readSpoolKey(keyFile)) : undefined;
  expect(new RejectedStore(spool(), seal).keep(request, `${REFUSED}-http-400-7`)).toBe(false);
  const folder = join(spool(), 'rejected');
  const name = readdirSync(folder).find((one) => one.endsWith('.sealed') === sealed);
  return join(folder, name ?? '');
}

/** What a command that fails says, as JSON. */
async function failure(...args: string[]): Promise<object> {
  const { status, stdout, stderr } = await runHere(['spool', ...args, '--json']);
  expect(stdout).toBe('');
  return { status, ...JSON.parse(stderr).error };
}

describe('spool list', () => {
  test('names every refused request of a spool, and of those below a folder', async () => {
    const sealed = refuse(true);
    refuse(false);
    for (const place of [spool(), directory]) {
      const { status, stdout } = await runHere(['spool', 'list', place]);
      expect(status).toBe(0);
      expect(stdout).toMatch(/2026-11-22 18:00:00\.000Z +HTTP 400 +[\d,]+ +yes +\S+\.otlp\.sealed\n/);
      expect(stdout).toMatch(/ no +\S+\.otlp\n/);
    }
    const { stdout } = await runHere(['spool', 'list', '--json'], { env: { SPANLEDGER_SPOOL_DIR: spool() } });
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toContainEqual({
      file: sealed,
      refused: '2026-11-22T18:00:00.000Z',
      status: 400,
      bytes: REQUEST.length + 28,
      sealed: true,
    });
  });

  test('says that nothing was refused, or that there is no such folder', async () => {
    mkdirSync(spool());
    expect((await runHere(['spool', 'list', spool()])).stdout).toBe(`Nothing was refused in ${spool()}.\n`);
    expect(await failure('list', join(directory, 'none'))).toMatchObject({
      status: 3,
      code: 'file_unreadable',
    });
  });
});

describe('spool show', () => {
  test.each(['by option', 'by environment'])('opens what is sealed with the key: %s', async (how) => {
    const file = refuse(true);
    expect(readFileSync(file).includes('alice')).toBe(false);
    const { status, stdout, stderr } =
      how === 'by option'
        ? await runHere(['spool', 'show', file, '--key-file', keyFile])
        : await runHere(['spool', 'show', file], { env: { SPANLEDGER_SPOOL_KEY_FILE: keyFile } });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/2023-11-14 22:13:20\S* +test +looked +alice +0af7651916cd43dd8448eb211c80319c\n/);
    expect(stdout).toMatch(/ bought +alice /);
  });

  test('shows what is not sealed without a key; each span whole as JSON', async () => {
    const { stdout } = await runHere(['spool', 'show', refuse(false), '--json']);
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      {
        name: 'looked',
        attributes: { 'user.id': 'alice' },
        resource: { attributes: { 'service.name': 'test' } },
      },
      { name: 'bought', attributes: { 'user.id': 'alice' } },
    ]);
  });

  test('writes the request as it was posted, over nothing that is there', async () => {
    const file = refuse(true);
    const output = join(directory, 'request.otlp');
    const args = ['show', file, '--key-file', keyFile, '--output', output];
    expect((await runHere(['spool', ...args])).stdout).toBe(`Written to ${output}.\n`);
    expect(readFileSync(output)).toEqual(REQUEST);
    expect(await failure(...args)).toMatchObject({ status: 3, code: 'file_unreadable' });
  });

  test('says what keeps a file shut', async () => {
    const file = refuse(true);
    const without = await failure('show', file);
    expect(without).toMatchObject({ status: 1, code: 'spool_sealed' });
    expect(JSON.stringify(without)).toContain('SPANLEDGER_SPOOL_KEY_FILE');
    const other = drawKey('other.key');
    expect(await failure('show', file, '--key-file', other)).toMatchObject({
      status: 1,
      code: 'spool_sealed',
      message: `${file} is not opened by the key in ${other}`,
    });
    writeFileSync(other, 'no key');
    expect(await failure('show', file, '--key-file', other)).toMatchObject({
      status: 3,
      code: 'file_unreadable',
    });
    expect(JSON.stringify(await failure('show', file, '--key-file', join(directory, 'none')))).toContain(
      'none',
    );
  });

  test('opens nothing that was changed, cut off or renamed', async () => {
    const file = refuse(true);
    const bytes = readFileSync(file);
    const sealed = { status: 1, code: 'spool_sealed' };
    const show = (path: string): Promise<object> => failure('show', path, '--key-file', keyFile);
    for (const at of [0, 12, 40, bytes.length - 1]) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      writeFileSync(file, changed);
      expect(await show(file)).toMatchObject(sealed);
    }
    writeFileSync(file, bytes.subarray(0, 20));
    expect(await show(file)).toMatchObject(sealed);
    writeFileSync(file, bytes);
    const renamed = join(directory, '1-http-400-7-000001.otlp.sealed');
    renameSync(file, renamed);
    expect(await show(renamed)).toMatchObject(sealed);
  });

  test('takes no file for a request that is none', async () => {
    expect(await failure('show', refuse(false, Buffer.from('no request')))).toMatchObject({
      status: 2,
      code: 'input_malformed',
    });
    expect(await failure('show', join(directory, 'none.otlp'))).toMatchObject({
      status: 3,
      code: 'file_unreadable',
    });
  });
});

describe('spool send', () => {
  let server: Server;
  let url = '';
  let taken: { path: string; token: string; type: string; body: Buffer }[] = [];
  let answer = { status: 200, body: '' };
  beforeAll(async () => {
    server = createServer((request, response) => {
      void buffer(request).then((body) => {
        const { authorization: token = '', 'content-type': type = '' } = request.headers;
        taken.push({ path: request.url ?? '', token, type, body });
        response.writeHead(answer.status).end(answer.body);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new TypeError('it listens on a port');
    url = `http://127.0.0.1:${address.port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    taken = [];
    answer = { status: 200, body: '' };
  });

  test('posts what was posted, and removes the file where it is told to', async () => {
    const files = [refuse(true), refuse(false)];
    const args = ['spool', 'send', ...files, '--key-file', keyFile, '--url', url];
    const env = { SPANLEDGER_TOKEN: 'secret' };
    const { status, stdout, stderr } = await runHere(args, { env });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toBe(files.map((file) => `sent  ${file}\n`).join(''));
    const posted = {
      path: '/v1/traces',
      token: 'Bearer secret',
      type: 'application/x-protobuf',
      body: REQUEST,
    };
    expect(taken).toEqual([posted, posted]);
    expect(readdirSync(join(spool(), 'rejected'))).toHaveLength(2);
    await runHere([...args, '--remove'], { env });
    expect(readdirSync(join(spool(), 'rejected'))).toEqual([]);
  });

  test('says why it is refused again, and keeps the file', async () => {
    const file = refuse(false);
    answer = { status: 400, body: '{"code":3,"message":"malformed request: a span without a trace id"}' };
    expect(await failure('send', file, '--remove', '--url', url)).toMatchObject({
      status: 1,
      code: 'send_refused',
      message: `${file}: the service answers 400: malformed request: a span without a trace id`,
    });
    expect(readdirSync(join(spool(), 'rejected'))).toHaveLength(1);
  });

  test('whatever answers in place of the service, however long', async () => {
    let sentBytes = 0;
    const page = Buffer.alloc(64 * 1024, '<html>');
    const stranger = createServer((_request, response) => {
      response.writeHead(502);
      const send = (): void => {
        if (response.destroyed) return;
        sentBytes += page.length;
        response.write(page, send);
      };
      send();
    });
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
    const address = stranger.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    expect(await failure('send', refuse(false), '--url', `http://127.0.0.1:${port}`)).toMatchObject({
      code: 'send_refused',
      message: expect.stringMatching(/: the service answers 502$/),
    });
    expect(sentBytes).toBeLessThan(16 * 1024 * 1024);
    stranger.closeAllConnections();
    await new Promise((resolve) => stranger.close(resolve));
  });

  test('sends nothing that it cannot open, and says where nobody answers', async () => {
    expect(await failure('send', refuse(true), '--url', url)).toMatchObject({ code: 'spool_sealed' });
    expect(taken).toEqual([]);
    expect(await failure('send', refuse(false), '--url', 'http://127.0.0.1:9')).toMatchObject({
      status: 3,
      code: 'archive_unreachable',
    });
  });
});
