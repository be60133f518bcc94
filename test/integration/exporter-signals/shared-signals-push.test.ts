import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Service } from '@spanledger/audit-exporter';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  makeDataDirectory,
  readEntries,
  sendTraces,
  verifyDirectory,
} from '../../support/exporter/service.ts';
import { createSender, sessionAttributes, toProtobuf } from '../../support/exporter/spans.ts';
import { findDocuments, startSignalService } from '../../support/signals/signal-service.ts';
import { CLIENT, SigningProvider } from '../../support/signals/signing-provider.ts';

const CAEP = 'https://schemas.openid.net/secevent/caep/event-type/';
const RISC = 'https://schemas.openid.net/secevent/risc/event-type/';

const stack = new AsyncDisposableStack();
let folder: string;
let provider: SigningProvider;
let guarded: SigningProvider;
let silent: SigningProvider;
let service: Service;

beforeAll(async () => {
  const data = await makeDataDirectory();
  stack.defer(() => data.remove());
  folder = data.path;
  provider = stack.use(await SigningProvider.start());
  guarded = stack.use(await SigningProvider.start());
  silent = stack.use(await SigningProvider.start());
  await writeFile(join(folder, 'authorization'), 'Bearer agreed-on\n');
  service = await start();
  stack.defer(() => service.close());
});

afterAll(() => stack.disposeAsync());

function start(): Promise<Service> {
  return startSignalService(folder, [
    { issuer: provider.issuer, audience: [CLIENT], ssf: { push: {} } },
    {
      issuer: guarded.issuer,
      audience: [CLIENT],
      ssf: { push: { authorization_file: join(folder, 'authorization') } },
    },
    { issuer: silent.issuer, audience: [CLIENT] },
  ]);
}

async function push(token: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${service.url}/signals/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/secevent+jwt', accept: 'application/json', ...headers },
    body: token,
  });
}

/** The subject of the records of applications. */
function subjectOf(user: string, session: string): object {
  return {
    format: 'complex',
    user: { format: 'iss_sub', iss: provider.issuer, sub: user },
    session: { format: 'opaque', id: session },
  };
}

test('a session that is revoked is the session that an application recorded', async () => {
  const span = createSender('shop').span({
    attributes: { ...sessionAttributes('erin', 'sid of erin'), 'oidc.issuer': provider.issuer },
  });
  expect((await sendTraces(service.url, toProtobuf([span]))).status).toBe(200);
  const { token } = await provider.securityEvent(
    `${CAEP}session-revoked`,
    { initiating_entity: 'policy', reason_admin: { en: 'Out of hours' }, event_timestamp: 1_790_000_000 },
    { claims: { sub_id: subjectOf('erin', 'sid of erin') } },
  );
  const response = await push(token);
  expect(response.status).toBe(202);
  expect(await response.text()).toBe('');
  const [call] = await findDocuments(service.url, 'user.id:erin and not event.action:oidc.session.ended');
  const [ended] = await findDocuments(service.url, 'user.id:erin and event.action:oidc.session.ended');
  expect(ended).toMatchObject({
    '@timestamp': '2026-09-21T14:13:20.000000000Z',
    audit: {
      actor: { id: call?.audit.actor.id, type: 'user' },
      session: { id: call?.audit.session?.id },
      signal: { delivery: 'push', initiating_entity: 'policy', type: `${CAEP}session-revoked` },
    },
    event: { reason: 'revoked', code: 'caep.session-revoked', provider: provider.issuer },
    oidc: { issuer: provider.issuer, session: { id: 'sid of erin' } },
    attributes: { 'caep.reason_admin': { en: 'Out of hours' } },
  });
});

describe('is a record of its own', () => {
  test.each([
    [
      `${CAEP}token-claims-change`,
      { claims: { role: 'ro_admin' } },
      { oidc: { claims: { role: 'ro_admin' } } },
    ],
    [
      `${CAEP}credential-change`,
      { credential_type: 'fido2-roaming', change_type: 'create', friendly_name: 'Joe’s USB authenticator' },
      {
        audit: { signal: { credential_type: 'fido2-roaming', change_type: 'create' } },
        attributes: { 'caep.friendly_name': 'Joe’s USB authenticator' },
      },
    ],
    [
      `${CAEP}assurance-level-change`,
      {
        namespace: 'NIST-AAL',
        current_level: 'nist-aal2',
        previous_level: 'nist-aal1',
        change_direction: 'increase',
      },
      {
        audit: {
          signal: { current_level: 'nist-aal2', previous_level: 'nist-aal1', change_direction: 'increase' },
        },
      },
    ],
    [
      `${CAEP}session-established`,
      { fp_ua: 'abb0b6e7da81a42233f8f2b1a8ddb1b9', acr: 'AAL1', amr: ['otp'] },
      {
        oidc: { acr: 'AAL1', amr: ['otp'] },
        attributes: { 'caep.fp_ua': 'abb0b6e7da81a42233f8f2b1a8ddb1b9' },
      },
    ],
    [`${CAEP}session-presented`, { ips: ['192.168.1.12'] }, { attributes: { 'caep.ips': ['192.168.1.12'] } }],
    [`${RISC}account-disabled`, { reason: 'hijacking' }, { event: { reason: 'hijacking' } }],
    [`${RISC}account-enabled`, {}, {}],
    [`${RISC}account-purged`, {}, {}],
    [
      `${RISC}credential-compromise`,
      { credential_type: 'password' },
      { audit: { signal: { credential_type: 'password' } } },
    ],
    [`${CAEP}risk-level-change`, { principal: 'USER', current_level: 'LOW' }, {}],
  ])('%s', async (type, payload, expected) => {
    const [, family = '', name = ''] = /secevent\/(\w+)\/event-type\/(.+)$/.exec(type) ?? [];
    const { token } = await provider.securityEvent(type, payload);
    expect((await push(token)).status).toBe(202);
    const [found] = await findDocuments(service.url, `event.action:"${family}.${name}"`);
    expect(found).toMatchObject({ user: { id: 'frank' }, ...expected });
  });

  test('all sessions of somebody', async () => {
    const { token } = await provider.securityEvent(`${RISC}sessions-revoked`, {});
    expect((await push(token)).status).toBe(202);
    const [found] = await findDocuments(service.url, 'event.code:risc.sessions-revoked');
    expect(found).toMatchObject({
      event: { action: 'oidc.session.ended', reason: 'revoked' },
      user: { id: 'frank' },
    });
    expect(found?.audit.session).toBeUndefined();
  });

  test('what is about an email address', async () => {
    const { token } = await provider.securityEvent(
      `${RISC}account-disabled`,
      {},
      { claims: { sub_id: { format: 'email', email: 'judy@example.test' } } },
    );
    expect((await push(token)).status).toBe(202);
    const [found] = await findDocuments(service.url, 'user.email:judy@example.test');
    expect(found?.audit.actor.type).toBe('service');
  });

  test('two events of one token are two records', async () => {
    const { token } = await provider.securityEvent(
      `${CAEP}session-revoked`,
      {},
      {
        claims: {
          sub_id: subjectOf('mike', 'sid of mike'),
          events: { [`${CAEP}session-revoked`]: {}, 'urn:example:other': { note: 'x' } },
        },
      },
    );
    expect((await push(token)).status).toBe(202);
    const found = await findDocuments(service.url, 'user.id:mike', 2);
    expect(found.map(({ event }) => event.action)).toEqual(['oidc.session.ended', 'ssf.other']);
    expect(found[1]?.audit.record.id).toBe(`${found[0]?.audit.record.id}-e1`);
  });

  test('a verification that the transmitter began by itself is about nobody', async () => {
    const { token } = await provider.securityEvent(
      'https://schemas.openid.net/secevent/ssf/event-type/verification',
      {},
      { claims: { sub_id: { format: 'opaque', id: 'stream-1' } } },
    );
    expect((await push(token)).status).toBe(202);
    const [found] = await findDocuments(service.url, 'event.action:ssf.verification');
    expect(found).toMatchObject({ audit: { actor: { type: 'service' }, signal: { stream_id: 'stream-1' } } });
    expect(found?.user).toBeUndefined();
  });
});

test('what is delivered again is acknowledged again and recorded once, also after a restart', async () => {
  const { token } = await provider.securityEvent(
    `${RISC}account-purged`,
    {},
    {
      claims: { sub_id: { format: 'opaque', id: 'walter' } },
    },
  );
  const statuses = (await Promise.all([push(token), push(token), push(token)])).map(({ status }) => status);
  expect(statuses).toEqual([202, 202, 202]);
  await service.close();
  service = await start();
  expect((await push(token)).status).toBe(202);
  expect(await findDocuments(service.url, 'user.id:walter')).toHaveLength(1);
  await service.close();
  const ids = (await readEntries(join(folder, 'data'))).map((entry) => JSON.stringify(entry));
  const id = /signal-[0-9a-f]{32}/.exec(
    ids.findLast((entry) => entry.includes('risc.account-purged')) ?? '',
  )?.[0];
  expect(ids.filter((entry) => entry.includes(`"${id}"`))).toHaveLength(1);
  service = await start();
});

describe('is refused with the code of RFC 8935', () => {
  test.each([
    ['a logout token', { header: { typ: 'logout+jwt' } }, 'invalid_request'],
    ['a token without typ', { header: { typ: undefined } }, 'invalid_request'],
    ['one without events', { claims: { events: {} } }, 'invalid_request'],
    ['one for another receiver', { claims: { aud: 'bank' } }, 'invalid_audience'],
    ['one of a stranger', { claims: { iss: 'https://stranger.example' } }, 'invalid_issuer'],
    ['one of an unknown key', { header: { kid: 'made up' } }, 'invalid_key'],
    ['one about nobody', { claims: { sub_id: undefined } }, 'invalid_request'],
    [
      'one about somebody else’s',
      { claims: { sub_id: { format: 'iss_sub', iss: 'https://stranger.example', sub: 'x' } } },
      'access_denied',
    ],
  ])('%s', async (_name, changes, err) => {
    const { token } = await provider.securityEvent(`${CAEP}session-revoked`, {}, changes);
    const response = await push(token);
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toContain('application/json');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toEqual({ err, description: expect.any(String) });
  });

  test('a signature that does not fit', async () => {
    const { token } = await provider.securityEvent(`${CAEP}session-revoked`, {});
    const { token: other } = await provider.securityEvent(`${CAEP}session-revoked`, {});
    const response = await push(
      `${token.slice(0, token.lastIndexOf('.'))}${other.slice(other.lastIndexOf('.'))}`,
    );
    expect(await response.json()).toMatchObject({ err: 'authentication_failed' });
  });

  test('a provider that is not to push', async () => {
    const { token } = await silent.securityEvent(`${CAEP}session-revoked`, {});
    expect(await (await push(token)).json()).toMatchObject({ err: 'access_denied' });
  });

  test('another type of content, and a body that is too large', async () => {
    const { token } = await provider.securityEvent(`${CAEP}session-revoked`, {});
    const wrong = await push(token, { 'content-type': 'application/jwt' });
    expect([wrong.status, await wrong.json()]).toMatchObject([400, { err: 'invalid_request' }]);
    const large = await push('a'.repeat(64 * 1024));
    expect([large.status, await large.json()]).toMatchObject([413, { err: 'invalid_request' }]);
  });

  test.each([
    ['no header', {}],
    ['another', { authorization: 'Bearer made-up' }],
  ])('%s, where one was agreed on', async (_name, headers) => {
    const { token } = await guarded.securityEvent(`${CAEP}session-revoked`, {});
    const response = await push(token, headers);
    expect([response.status, await response.json()]).toMatchObject([401, { err: 'authentication_failed' }]);
    expect((await push(token, { authorization: 'Bearer agreed-on' })).status).toBe(202);
  });

  test('and is recorded as refused', async () => {
    const refused = await findDocuments(service.url, 'event.action:signal.refused', 10);
    expect(new Set(refused.map(({ event }) => event.reason))).toContain('subject_foreign');
    expect(refused[0]?.audit.signal).toMatchObject({ count: 1, delivery: 'push' });
  });
});

test('everything that was recorded verifies', async () => {
  await service.close();
  expect(await verifyDirectory(join(folder, 'data'))).toMatchObject({ ok: true });
  service = await start();
});
