import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { AUTO_INSTRUMENTATIONS, REGISTER } from '../../support/instrumentation/fixture-process.ts';
import type { DecodedSpan } from '../../support/instrumentation/otlp-decoder.ts';
import { startShop, type ShopWorld } from './shop-world.ts';

const SERVER = 2;

function openSocket(url: string): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url.replace('http:', 'ws:'));
    socket.addEventListener(
      'message',
      () => {
        resolve(socket);
      },
      { once: true },
    );
    socket.addEventListener('error', () => {
      reject(new Error('refused'));
    });
  });
}

function ask(socket: WebSocket, text: string): Promise<string> {
  return new Promise((resolve) => {
    socket.addEventListener(
      'message',
      ({ data }) => {
        resolve(String(data));
      },
      { once: true },
    );
    socket.send(text);
  });
}

function named(spans: DecodedSpan[], name: string): DecodedSpan | undefined {
  return spans.find((span) => span.name === name);
}

function upgradeOf(spans: DecodedSpan[], path: string): DecodedSpan | undefined {
  return spans.find(({ kind, attributes }) => kind === SERVER && attributes['url.path'] === path);
}

test.each(['/first', '/later'])(
  'messages of a socket that authenticated carry its session (%s)',
  async (path) => {
    await using world = await startShop({}, 'sockets.mjs');
    const people = ['alice', 'bob'];
    const sockets = await Promise.all(
      people.map(async (sub) => {
        const token = await world.provider.accessToken({ sub, sid: `session-${sub}`, acr: 'high' });
        return openSocket(`${world.url}${path}?token=${token}&who=${sub}`);
      }),
    );
    for (let round = 0; round < 3; round++) {
      const answers = await Promise.all(
        sockets.map((socket, index) => ask(socket, `${people[index]}-${round}`)),
      );
      expect(answers).toEqual(people.map((sub) => `${sub}: ${sub}-${round}`));
    }
    for (const socket of sockets) socket.close();
    const spans = await world.audit.waitFor(
      (all) =>
        people.every((sub) => named(all, `message-${sub}-2-child`)) &&
        all.filter(({ kind }) => kind === SERVER).length === 2,
      'the messages and the upgrades',
    );
    for (const sub of people) {
      for (let round = 0; round < 3; round++) {
        const root = named(spans, `message-${sub}-${round}`);
        expect(root?.attributes).toMatchObject({
          'session.id': `session-${sub}`,
          'user.id': sub,
          'oidc.acr': 'high',
        });
        expect(named(spans, `message-${sub}-${round}-child`)?.attributes).toMatchObject({
          'session.id': `session-${sub}`,
        });
      }
      const upgrade = spans.find(
        ({ kind, attributes }) => kind === SERVER && String(attributes['url.query']).endsWith(`who=${sub}`),
      );
      expect(upgrade).toMatchObject({
        name: 'GET',
        attributes: {
          'http.request.method': 'GET',
          'url.path': path,
          'url.query': `token=REDACTED&who=${sub}`,
          'http.response.status_code': 101,
          'client.address': '127.0.0.1',
          'session.id': `session-${sub}`,
          'user.id': sub,
          'oidc.acr': 'high',
          'oidc.token.type': 'access',
          'audit.sequence.number': expect.any(Number),
        },
      });
    }
    await expect.poll(() => world.shop.stdout.match(/^closed \[\]$/gm)).toHaveLength(2);
    expect(world.shop.stderr).not.toMatch(/Spanledger/);
  },
);

test('a socket without a session has none, and a refused one is recorded as refused', async () => {
  await using world = await startShop({}, 'sockets.mjs');
  const socket = await openSocket(`${world.url}/first`);
  expect(await ask(socket, 'hello')).toBe('null: hello');
  socket.close();
  await expect(openSocket(`${world.url}/first?token=wrong`)).rejects.toThrow('refused');
  const spans = await world.audit.waitFor(
    (all) =>
      named(all, 'message-hello-child') !== undefined &&
      all.filter(({ kind }) => kind === SERVER).length === 2,
    'both',
  );
  for (const { attributes } of spans) expect(attributes).not.toHaveProperty('session.id');
  const statuses = spans
    .filter(({ kind }) => kind === SERVER)
    .map(({ attributes }) => attributes['http.response.status_code']);
  // An upgrade is recorded once its socket has closed or its session is known: that may be after the refusal.
  expect(new Set(statuses)).toEqual(new Set([101, 403]));
  // What was wrong with the token is told on the span of the call that brought it.
  const refused = spans.find(({ attributes }) => attributes['http.response.status_code'] === 403);
  expect(refused?.events.map(({ name }) => name)).toEqual(['oidc.token.rejected']);
});

test('a long answer carries its session beyond the life of the token, and holds nothing', async () => {
  await using world = await startShop({}, 'sockets.mjs');
  const token = await world.provider.accessToken({ sub: 'alice', sid: 'session-1' }, 3);
  const turns = 800;
  const response = await fetch(`${world.url}/stream?turns=${turns}&token=${token}`);
  // While it goes on, what has ended arrives: nothing waits for its end.
  const early = await world.audit.waitFor(
    (all) => named(all, 'turn-20-child') !== undefined,
    'the first turns',
  );
  expect(upgradeOf(early, '/stream')).toBeUndefined();
  expect((await response.text()).endsWith(`data: ${turns - 1}\n\n`)).toBe(true);
  const spans = await world.audit.waitFor((all) => upgradeOf(all, '/stream') !== undefined, 'the whole');
  const ofTurns = spans.filter(({ name }) => name.startsWith('turn-'));
  expect(ofTurns).toHaveLength(turns * 2);
  for (const { attributes } of ofTurns) expect(attributes).toMatchObject({ 'session.id': 'session-1' });
  const last = named(spans, `turn-${turns - 1}`);
  const expiry = Number(upgradeOf(spans, '/stream')?.attributes['oidc.token.expires_at']);
  expect(Number(BigInt(last?.end ?? 0) / 1_000_000_000n)).toBeGreaterThan(expiry);
});

/** Everything that a connection answers until it is closed. */
function exchange({ url }: ShopWorld, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.setEncoding('latin1');
    socket.setTimeout(1_000, () => socket.destroy());
    socket.on('data', (chunk) => (answer += String(chunk)));
    socket.on('close', () => {
      resolve(answer.replaceAll(/^Date: .*$/gm, ''));
    });
    socket.on('error', reject);
  });
}

const UPGRADE =
  'Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
/** A masked text frame with a mask of zeros. */
const frame = (text: string): string => `\x81${String.fromCodePoint(0x80 + text.length)}\0\0\0\0${text}`;

test('an upgraded socket behaves byte for byte as it would without us', async () => {
  const requests = [
    `GET /later HTTP/1.1\r\n${UPGRADE}\r\n`,
    `GET /later HTTP/1.1\r\n${UPGRADE}\r\n${frame('a')}${frame('b')}`,
    `GET /later HTTP/1.1\r\n${UPGRADE}\r\n${frame('throw')}`,
    `GET /later HTTP/1.1\r\n${UPGRADE}\r\nnot a frame`,
    `GET /first?token=x HTTP/1.1\r\n${UPGRADE}\r\n`,
    `GET /later HTTP/1.1\r\n${UPGRADE.replace('13', '99')}\r\n`,
    `GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /later HTTP/1.1\r\n${UPGRADE}spanledger-session: x\r\n\r\n${frame('c')}`,
    'CONNECT elsewhere.example:443 HTTP/1.1\r\nHost: a\r\n\r\n',
  ];
  const run = async (imports: string[]): Promise<unknown[]> => {
    await using world = await startShop({ imports }, 'sockets.mjs');
    const answers = [];
    for (const request of requests) answers.push(await exchange(world, request));
    return [answers, world.shop.stdout.match(/^uncaught.*/gm)];
  };
  const without = await run([AUTO_INSTRUMENTATIONS]);
  expect(JSON.stringify(without)).toContain('101 Switching Protocols');
  expect(await run([REGISTER, AUTO_INSTRUMENTATIONS])).toEqual(without);
  expect(await run([AUTO_INSTRUMENTATIONS, REGISTER])).toEqual(without);
});
