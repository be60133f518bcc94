import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  EventPoller,
  MAX_POLLED_EVENTS,
  type PolledOutcome,
} from '../../../../packages/exporter/src/signals/event-poller.ts';
import { waitFor } from '../../../support/exporter/service.ts';
import { SigningProvider } from '../../../support/signals/signing-provider.ts';
import { Transmitter } from '../../../support/signals/transmitter.ts';

const quiet = { info: () => undefined, warn: () => undefined };
let provider: SigningProvider;
let transmitter: Transmitter;
let poller: EventPoller | undefined;
let taken: string[];
let outcome: (jtis: string[]) => PolledOutcome;

beforeEach(async () => {
  provider = await SigningProvider.start();
  transmitter = new Transmitter(provider);
  taken = [];
  outcome = (jtis) => ({ recorded: jtis, refused: [] });
});

afterEach(async () => {
  transmitter.fault = (response) => response.destroy();
  transmitter.release();
  await poller?.stop();
  await provider[Symbol.asyncDispose]();
});

function start(changes: { everyMs?: number; tokenFile?: string } = {}): EventPoller {
  poller = new EventPoller({
    poll: { url: transmitter.url, tokenFile: undefined, everyMs: undefined, ...changes },
    issuer: provider.issuer,
    take: (events) => {
      const jtis = events.map(([jti]) => jti);
      taken.push(...jtis);
      return Promise.resolve(outcome(jtis));
    },
    log: quiet,
    now: Date.now,
    minBackOffMs: 20,
  });
  poller.start();
  return poller;
}

function send(...jtis: string[]): void {
  for (const jti of jtis) transmitter.send({ jti, token: `token of ${jti}` });
}

test('a long poll is held until there is something, and what is durable is acknowledged with the next', async () => {
  start();
  await waitFor('a request', () => transmitter.requests.length === 1);
  expect(transmitter.requests[0]).toEqual({ maxEvents: MAX_POLLED_EVENTS, returnImmediately: false });
  send('a');
  await waitFor('the acknowledgement', () => transmitter.events.size === 0);
  expect(transmitter.requests[1]).toEqual({
    maxEvents: MAX_POLLED_EVENTS,
    returnImmediately: false,
    ack: ['a'],
  });
  send('b');
  await waitFor('the acknowledgement', () => transmitter.events.size === 0);
  expect(taken).toEqual(['a', 'b']);
  // Once: what was acknowledged is not acknowledged for ever.
  expect(transmitter.requests[2]?.ack).toEqual(['b']);
});

test('a short poll fetches and acknowledges all that there is, and then waits', async () => {
  transmitter.pageSize = 2;
  send('a', 'b', 'c', 'd', 'e');
  start({ everyMs: 3_600_000 });
  await waitFor('the acknowledgement of all', () => transmitter.events.size === 0);
  expect(taken).toEqual(['a', 'b', 'c', 'd', 'e']);
  expect(transmitter.requests.every(({ returnImmediately }) => returnImmediately)).toBe(true);
  await waitFor('the last answer', () => poller?.status().answeredMs !== undefined);
  const asked = transmitter.requests.length;
  send('f');
  // It would ask within milliseconds.
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(transmitter.requests).toHaveLength(asked);
});

test('what does not hold is answered with an error, once', async () => {
  outcome = (jtis) => ({ recorded: [], refused: jtis.map((jti) => [jti, 'audience_wrong']) });
  send('a');
  start();
  await waitFor('the error', () => transmitter.errors.size === 1);
  expect(transmitter.errors).toEqual(new Map([['a', 'invalid_audience']]));
  expect(transmitter.requests[1]?.ack).toBeUndefined();
});

test('what cannot be judged is neither acknowledged nor refused, and not asked for without a pause', async () => {
  outcome = () => ({ recorded: [], refused: [] });
  send('a');
  start();
  await waitFor('an answer', () => taken.length === 1);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(taken).toHaveLength(1);
  outcome = (jtis) => ({ recorded: jtis, refused: [] });
  await waitFor('the acknowledgement', () => transmitter.events.size === 0);
});

test('an empty answer that is not held back is not asked for without a pause', async () => {
  transmitter.fault = (response) => response.end('{"sets":{}}');
  start();
  await waitFor('a request', () => transmitter.requests.length === 1);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(transmitter.requests).toHaveLength(1);
});

test.each<[string, NonNullable<Transmitter['fault']>, string]>([
  ['is down', (response) => response.destroy(), 'does not answer'],
  ['fails', (response) => response.writeHead(500).end(), 'answers 500'],
  ['refuses the token', (response) => response.writeHead(401).end(), 'answers 401'],
  ['asks for patience', (response) => response.writeHead(503, { 'retry-after': '0' }).end(), 'answers 503'],
  ['answers with no JSON', (response) => response.end('<html>'), 'does not answer'],
  ['answers with something else', (response) => response.end('{"sets":[]}'), 'what it should not'],
  [
    'answers without end',
    (response) => response.end(`{"sets":{"a":"${'x'.repeat(4_000_000)}"}}`),
    'longer than',
  ],
  ['sends elsewhere', (response) => response.writeHead(307, { location: '/other' }).end(), 'does not answer'],
])(
  'a transmitter that %s is asked again, and what was durable is acknowledged then',
  async (_name, fault, failure) => {
    send('a');
    start();
    await waitFor('the record', () => taken.length === 1 && transmitter.events.size === 0);
    outcome = (jtis) => {
      if (jtis.includes('b')) transmitter.fault = fault;
      return { recorded: jtis, refused: [] };
    };
    send('b');
    await waitFor('the failure', () => poller?.status().failure !== undefined);
    expect(poller?.status().failure).toContain(failure);
    transmitter.fault = undefined;
    await waitFor('the acknowledgement', () => transmitter.events.size === 0);
    send('c');
    await waitFor('the answer', () => poller?.status().failure === undefined);
  },
);

test('a stop acknowledges what is durable', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  outcome = (jtis) => {
    transmitter.fault = (response) => {
      resolve();
      response.destroy();
    };
    return { recorded: jtis, refused: [] };
  };
  send('a');
  start();
  await promise;
  transmitter.fault = undefined;
  await poller?.stop();
  expect(transmitter.events.size).toBe(0);
  expect(transmitter.requests.at(-1)).toEqual({ maxEvents: 0, returnImmediately: true, ack: ['a'] });
});

test('the token is read anew for each request', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'spanledger-poll-'));
  const tokenFile = join(folder, 'token');
  await writeFile(tokenFile, 'first\n');
  send('a');
  outcome = (jtis) => ({ recorded: jtis, refused: [] });
  start({ tokenFile });
  await waitFor('the acknowledgement', () => transmitter.events.size === 0);
  expect(transmitter.authorizations[0]).toBe('Bearer first');
  await writeFile(tokenFile, 'second');
  send('b');
  await waitFor('another', () => transmitter.authorizations.includes('Bearer second'));
  await rm(folder, { recursive: true });
});
