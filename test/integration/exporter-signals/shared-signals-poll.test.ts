import { text } from 'node:stream/consumers';
import { join } from 'node:path';
import type { Service } from '@spanledger/audit-exporter';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeDataDirectory, readEntries, verifyDirectory, waitFor } from '../../support/exporter/service.ts';
import { findDocuments, startSignalService } from '../../support/signals/signal-service.ts';
import { CLIENT, SigningProvider } from '../../support/signals/signing-provider.ts';
import { Transmitter } from '../../support/signals/transmitter.ts';

const CAEP = 'https://schemas.openid.net/secevent/caep/event-type/';
const VERIFICATION = 'https://schemas.openid.net/secevent/ssf/event-type/verification';

const stack = new AsyncDisposableStack();
let folder: string;
let provider: SigningProvider;
let transmitter: Transmitter;
let service: Service;

beforeAll(async () => {
  const data = await makeDataDirectory();
  stack.defer(() => data.remove());
  folder = data.path;
  provider = stack.use(await SigningProvider.start());
  transmitter = new Transmitter(provider);
  provider.routes.set('/verify', (request, response) => {
    void (async () => {
      const { state }: { state: string } = JSON.parse(await text(request));
      response.writeHead(204).end();
      transmitter.send(
        await provider.securityEvent(
          VERIFICATION,
          { state },
          { claims: { sub_id: { format: 'opaque', id: 'stream-1' } } },
        ),
      );
    })();
  });
  service = await start();
  stack.defer(() => service.close());
});

afterAll(() => stack.disposeAsync());

function start(): Promise<Service> {
  const verification = { url: new URL('/verify', provider.issuer).href, stream_id: 'stream-1' };
  return startSignalService(folder, [
    { issuer: provider.issuer, audience: [CLIENT], ssf: { poll: { url: transmitter.url }, verification } },
  ]);
}

async function stop(): Promise<void> {
  const stopped = service.close();
  transmitter.release();
  await stopped;
}

async function countRecords(user: string): Promise<number> {
  return (await findDocuments(service.url, `user.id:${user}`)).length;
}

test('a stream verifies itself when the service starts', async () => {
  const [found] = await findDocuments(service.url, 'event.action:ssf.verification');
  expect(found?.audit.signal).toMatchObject({ delivery: 'poll', stream_id: 'stream-1' });
  expect(JSON.stringify(found)).not.toContain('"state"');
  await waitFor('its state', async () => {
    const status: { providers: Record<string, { verification?: { verified?: string } }> } = JSON.parse(
      await (await fetch(`${service.url}/api/status`)).text(),
    );
    return status.providers[provider.issuer]?.verification?.verified !== undefined;
  });
  const metrics = await (await fetch(`${service.url}/metrics`)).text();
  expect(metrics).toContain(`spanledger_signals_poll_up{issuer="${provider.issuer}"} 1`);
  expect(metrics).toContain(`spanledger_signals_stream_verified{issuer="${provider.issuer}"} 1`);
});

test('a verification with a state that nobody asked for is refused', async () => {
  const event = await provider.securityEvent(VERIFICATION, { state: 'made up' });
  transmitter.send(event);
  await waitFor('the error', () => transmitter.errors.has(event.jti));
  expect(transmitter.errors.get(event.jti)).toBe('invalid_request');
});

test('of several events those that hold are recorded before they are acknowledged; the others are named', async () => {
  const good = await provider.securityEvent(
    `${CAEP}session-revoked`,
    {},
    {
      claims: { sub_id: { format: 'opaque', id: 'olivia' } },
    },
  );
  const foreign = await provider.securityEvent(`${CAEP}session-revoked`, {}, { claims: { aud: 'bank' } });
  const other = await provider.securityEvent(`${CAEP}session-revoked`, {});
  transmitter.send(good);
  transmitter.send(foreign);
  transmitter.send({ jti: 'not its own', token: other.token });
  transmitter.send({ jti: 'no token', token: 'x' });
  await waitFor('all to be settled', () => transmitter.events.size === 0);
  expect([foreign.jti, 'not its own', 'no token'].map((jti) => transmitter.errors.get(jti))).toEqual([
    'invalid_audience',
    'invalid_request',
    'invalid_request',
  ]);
  expect(transmitter.errors.has(good.jti)).toBe(false);
  const [found] = await findDocuments(service.url, 'user.id:olivia');
  expect(found).toMatchObject({ event: { action: 'oidc.session.ended', reason: 'revoked' } });
  await findDocuments(service.url, 'event.action:signal.refused and audit.signal.delivery:poll');
});

test('what comes again because its acknowledgement was lost is acknowledged, and recorded once, also after a restart', async () => {
  const event = await provider.securityEvent(
    `${CAEP}credential-change`,
    { change_type: 'delete' },
    {
      claims: { sub_id: { format: 'opaque', id: 'peggy' } },
    },
  );
  transmitter.send(event);
  await waitFor('the acknowledgement', () => transmitter.events.size === 0);
  transmitter.send(event);
  await waitFor('the acknowledgement', () => transmitter.events.size === 0);
  await stop();
  transmitter.events.set(event.jti, event.token);
  service = await start();
  await waitFor('the acknowledgement', () => transmitter.events.size === 0);
  expect(await countRecords('peggy')).toBe(1);
});

test('a transmitter that is down is told of, keeps nobody from recording, and is asked again', async () => {
  provider.goDown();
  transmitter.release();
  await waitFor('the warning', async () => {
    const answer = await (await fetch(`${service.url}/readyz`)).text();
    return answer.includes('"ready"') && answer.includes('signals_poll_failing');
  });
  const event = await provider.securityEvent(
    `${CAEP}session-revoked`,
    {},
    {
      claims: { sub_id: { format: 'opaque', id: 'rupert' } },
    },
  );
  transmitter.events.set(event.jti, event.token);
  provider.comeBack();
  await findDocuments(service.url, 'user.id:rupert');
});

test('everything that was recorded verifies', async () => {
  await stop();
  expect(await verifyDirectory(join(folder, 'data'))).toMatchObject({ ok: true });
  expect((await readEntries(join(folder, 'data'))).length).toBeGreaterThan(5);
  service = await start();
});
