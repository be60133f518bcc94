import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { StreamVerification } from '../../../../packages/exporter/src/signals/stream-verification.ts';
import { waitFor } from '../../../support/exporter/service.ts';
import { SigningProvider } from '../../../support/signals/signing-provider.ts';

const EVERY_MS = 3_600_000;
let provider: SigningProvider;
let verification: StreamVerification;
let asked: { stream_id: string; state: string }[];
let status: number;
let nowMs: number;

beforeEach(async () => {
  provider = await SigningProvider.start();
  asked = [];
  status = 204;
  nowMs = Date.now();
  provider.routes.set('/verify', (request, response) => {
    void text(request).then((body) => {
      asked.push(JSON.parse(body));
      response.writeHead(status).end();
    });
  });
  verification = make();
});

afterEach(async () => {
  await verification.stop();
  await provider[Symbol.asyncDispose]();
});

function make(everyMs = EVERY_MS): StreamVerification {
  return new StreamVerification({
    verification: {
      url: new URL('/verify', provider.issuer).href,
      streamId: 'stream-1',
      tokenFile: undefined,
      everyMs,
    },
    issuer: provider.issuer,
    log: { warn: () => undefined },
    now: () => nowMs,
  });
}

test('only a state that was asked for counts, and only once', async () => {
  verification.start();
  await waitFor('the request', () => asked.length === 1);
  const { stream_id: streamId, state = '' } = asked[0] ?? {};
  expect(streamId).toBe('stream-1');
  expect(state).toMatch(/^[\w-]{22}$/);
  expect(verification.accepts(state)).toBe(true);
  for (const other of ['made up', '', undefined, null, 7, [state]])
    expect(verification.accepts(other)).toBe(false);
  verification.confirm(state);
  expect(verification.accepts(state)).toBe(false);
  expect(verification.status()).toEqual({ verifiedMs: nowMs, isOverdue: false, failure: undefined });
});

test('a stream that brings none is told of, until it does', async () => {
  verification.start();
  await waitFor('the request', () => asked.length === 1);
  nowMs += 2 * EVERY_MS;
  expect(verification.status().isOverdue).toBe(false);
  nowMs += 1;
  expect(verification.status().isOverdue).toBe(true);
  verification.confirm(undefined);
  expect(verification.status().isOverdue).toBe(false);
});

test('a request that is refused is told of, and its state does not count', async () => {
  status = 403;
  verification.start();
  await waitFor('the failure', () => verification.status().failure !== undefined);
  expect(verification.status().failure).toContain('answers 403');
  expect(verification.accepts(asked[0]?.state)).toBe(false);
});

test('a few late ones are waited for, not ever so many', async () => {
  await verification.stop();
  verification = make(20);
  verification.start();
  await waitFor('six requests', () => asked.length >= 6);
  const states = asked.map(({ state }) => state);
  expect(verification.accepts(states[0])).toBe(false);
  expect(states.filter((state) => verification.accepts(state)).length).toBeLessThanOrEqual(4);
});
