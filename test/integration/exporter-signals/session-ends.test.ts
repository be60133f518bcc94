import type { Service } from '@spanledger/audit-exporter';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeDataDirectory, sendTraces, waitFor } from '../../support/exporter/service.ts';
import { createSender, sessionAttributes, toProtobuf } from '../../support/exporter/spans.ts';
import { findDocuments, postLogout, startSignalService } from '../../support/signals/signal-service.ts';
import { CLIENT, SigningProvider } from '../../support/signals/signing-provider.ts';

const stack = new AsyncDisposableStack();
let provider: SigningProvider;
let service: Service;

beforeAll(async () => {
  const data = await makeDataDirectory();
  stack.defer(() => data.remove());
  provider = stack.use(await SigningProvider.start());
  service = await startSignalService(data.path, [
    { issuer: provider.issuer, audience: [CLIENT], ssf: { push: {} } },
  ]);
  stack.defer(() => service.close());
});

afterAll(() => stack.disposeAsync());

/** Has an application record a session, before the provider ends it. */
async function use(user: string, ...sessions: string[]): Promise<void> {
  const spans = sessions.map((session) =>
    createSender('shop').span({
      attributes: { ...sessionAttributes(user, session), 'oidc.issuer': provider.issuer },
    }),
  );
  expect((await sendTraces(service.url, toProtobuf(spans))).status).toBe(200);
  for (const session of sessions) await untilState(user, session, 'active');
}

function push(token: string): Promise<Response> {
  return fetch(`${service.url}/signals/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/secevent+jwt' },
    body: token,
  });
}

async function untilState(user: string, session: string, state: string): Promise<void> {
  await waitFor(`${session} to be ${state}`, async () => {
    const response = await fetch(`${service.url}/api/sessions/${encodeURIComponent(session)}`);
    if (!response.ok) return false;
    const found: { state: string; user_id?: string } = JSON.parse(await response.text());
    return found.state === state && found.user_id === user;
  });
}

test('a logout token that names the session alone ends it, and it stays that person’s', async () => {
  await use('victor', 'sid-of-victor');
  const claims = { sub: undefined, sid: 'sid-of-victor', iat: Math.floor(Date.now() / 1000) + 1 };
  expect((await postLogout(service.url, await provider.logoutToken({ claims }))).status).toBe(200);
  await untilState('victor', 'sid-of-victor', 'logged_out');
});

test('a logout token that names the person alone ends all their sessions, and nobody else’s', async () => {
  await use('wendy', 'first-of-wendy', 'second-of-wendy');
  await use('xavier', 'sid-of-xavier');
  const claims = { sub: 'wendy', sid: undefined, iat: Math.floor(Date.now() / 1000) + 1 };
  expect((await postLogout(service.url, await provider.logoutToken({ claims }))).status).toBe(200);
  await untilState('wendy', 'first-of-wendy', 'logged_out');
  await untilState('wendy', 'second-of-wendy', 'logged_out');
  await untilState('xavier', 'sid-of-xavier', 'active');
});

test('somebody who is told by an email address is whom applications know by it', async () => {
  const span = createSender('shop').span({
    attributes: {
      ...sessionAttributes('zoe', 'sid-of-zoe'),
      'user.email': 'zoe@example.test',
      'oidc.issuer': provider.issuer,
    },
  });
  expect((await sendTraces(service.url, toProtobuf([span]))).status).toBe(200);
  await untilState('zoe', 'sid-of-zoe', 'active');
  // Whom an address belongs to is looked up in the index, which another follower fills.
  await findDocuments(service.url, 'user.email:"zoe@example.test"');
  const { token } = await provider.securityEvent(
    'https://schemas.openid.net/secevent/risc/event-type/sessions-revoked',
    { event_timestamp: Math.floor(Date.now() / 1000) + 1 },
    { claims: { sub_id: { format: 'email', email: 'zoe@example.test' } } },
  );
  expect((await push(token)).status).toBe(202);
  await untilState('zoe', 'sid-of-zoe', 'revoked');
});

test('a session that is revoked is revoked', async () => {
  await use('yvonne', 'sid-of-yvonne');
  const { token } = await provider.securityEvent(
    'https://schemas.openid.net/secevent/caep/event-type/session-revoked',
    { event_timestamp: Math.floor(Date.now() / 1000) + 1 },
    {
      claims: {
        sub_id: {
          format: 'complex',
          user: { format: 'iss_sub', iss: provider.issuer, sub: 'yvonne' },
          session: { format: 'opaque', id: 'sid-of-yvonne' },
        },
      },
    },
  );
  expect((await push(token)).status).toBe(202);
  await untilState('yvonne', 'sid-of-yvonne', 'revoked');
});
