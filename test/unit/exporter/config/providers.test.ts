import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Config, loadConfig } from '@spanledger/audit-exporter';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spanledger-config-'));
});

afterAll(() => rm(folder, { recursive: true }));

async function load(text: string): Promise<Config> {
  const file = join(folder, 'spanledger.yaml');
  await writeFile(file, text);
  return loadConfig({ file, env: {} });
}

test('an issuer and a client are enough', async () => {
  const { providers } = await load('providers: [{ issuer: https://sso.example, audience: [shop] }]');
  expect(providers).toEqual([
    {
      issuer: 'https://sso.example',
      audience: ['shop'],
      jwksUri: undefined,
      insecure: false,
      clockSkewMs: 60_000,
      keys: { refreshMs: 600_000, staleMs: 3_600_000, maxAgeMs: 604_800_000 },
      backchannelLogout: true,
      sharedSignals: undefined,
    },
  ]);
});

test('security events may be pushed and polled for', async () => {
  const { providers } = await load(`
providers:
  - issuer: https://sso.example
    audience: [shop]
    ssf:
      push: { authorization_file: push.secret }
      poll: { url: https://sso.example/poll, every_seconds: 5, token_file: poll.token }
      verification: { url: https://sso.example/verify, stream_id: s }
      subject_issuers: [https://partner.example]
`);
  expect(providers[0]?.sharedSignals).toEqual({
    subjectIssuers: ['https://partner.example'],
    push: { authorizationFile: resolve('push.secret') },
    poll: { url: 'https://sso.example/poll', everyMs: 5000, tokenFile: resolve('poll.token') },
    verification: {
      url: 'https://sso.example/verify',
      streamId: 's',
      everyMs: 3_600_000,
      tokenFile: undefined,
    },
  });
});

describe('is refused', () => {
  test.each([
    ['{}', 'providers: must be a list'],
    ['[{ audience: [shop] }]', 'providers.0.issuer: must be a URL'],
    ['[{ issuer: sso, audience: [shop] }]', 'providers.0.issuer: must be a URL'],
    ['[{ issuer: https://a.example }]', 'providers.0.audience: must be a list of client ids'],
    ['[{ issuer: https://a.example, audience: [] }]', 'providers.0.audience: must name at least one'],
    [
      '[{ issuer: http://a.example, audience: [x] }]',
      'providers.0.issuer: what a.example answers could be changed',
    ],
    [
      '[{ issuer: https://a.example, audience: [x], jwks_uri: http://b.example }]',
      'providers.0.jwks_uri: what b.example',
    ],
    ['[{ issuer: https://a.example, audience: [x], jwks: y }]', 'providers.0.jwks: there is no such field'],
    ['[{ issuer: https://a.example, audience: [x], clock_skew_seconds: 601 }]', 'must be at most 600'],
    ['[{ issuer: https://a.example, audience: [x], keys: { refresh_minutes: 0 } }]', 'must be above 0'],
    [
      '[{ issuer: https://a.example, audience: [x], keys: { refresh_minutes: 60 } }]',
      'stale_after_minutes: must be more than refresh_minutes (60)',
    ],
    [
      '[{ issuer: https://a.example, audience: [x], keys: { max_age_hours: 0.5 } }]',
      'max_age_hours: must be at least stale_after_minutes (1 h)',
    ],
    [
      '[{ issuer: https://a.example, audience: [x], ssf: { poll: { url: http://b.example } } }]',
      'providers.0.ssf.poll.url: what b.example',
    ],
    [
      '[{ issuer: https://a.example, audience: [x], ssf: { push: {}, verification: { url: https://b.example } } }]',
      'providers.0.ssf.verification.stream_id',
    ],
    ['[{ issuer: https://a.example, audience: [x], ssf: {} }]', 'ssf: must have push, poll or both'],
    ['[{ issuer: https://a.example, audience: [x], ssf: { push: yes } }]', 'ssf.push: must be a mapping'],
    [
      '[{ issuer: https://a.example, audience: [x] }, { issuer: https://a.example, audience: [y] }]',
      'providers.1.issuer: https://a.example stands here twice',
    ],
  ])('%s', async (text, message) => {
    await expect(load(`providers: ${text}`)).rejects.toThrow(message);
  });
});

test('every error is told at once', async () => {
  const loaded = load('providers: [{ issuer: http://a.example, audience: [x], jwks_uri: http://b.example }]');
  await expect(loaded).rejects.toThrow(/issuer: what a\.example[^]*jwks_uri: what b\.example/);
});

test('on this machine, and where it was asked for by name, keys may come in the clear', async () => {
  const local = await load('providers: [{ issuer: "http://127.0.0.1:8080", audience: [x] }]');
  expect(local.providers).toHaveLength(1);
  const named = await load('{ insecure: true, providers: [{ issuer: http://a.example, audience: [x] }] }');
  expect(named.providers[0]?.insecure).toBe(true);
});
