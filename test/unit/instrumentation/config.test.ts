import { describe, expect, test } from 'vitest';
import {
  DEFAULT_ENDPOINT,
  DEFAULT_EXIT_TIMEOUT_MS,
  DEFAULT_SEND_INTERVAL_MS,
  DEFAULT_SPOOL_BLOCK_MS,
  DEFAULT_SPOOL_MAX_BYTES,
  readConfig,
} from '../../../packages/instrumentation/src/config.ts';

test('nothing set means the defaults', () => {
  const { config, problems } = readConfig({ XDG_STATE_HOME: '/state', OTEL_SERVICE_NAME: 'shop' }, 'linux');
  expect(problems).toEqual([]);
  expect(config).toEqual({
    disabled: false,
    endpoint: DEFAULT_ENDPOINT,
    credentials: {
      token: undefined,
      tokenFile: undefined,
      caFile: undefined,
      clientCertFile: undefined,
      clientKeyFile: undefined,
    },
    spoolDirectory: '/state/spanledger/spool/shop',
    spoolMaxBytes: DEFAULT_SPOOL_MAX_BYTES,
    spoolFsync: 'interval',
    spoolBlockMs: 0,
    sendIntervalMs: DEFAULT_SEND_INTERVAL_MS,
    claims: [],
    identity: 'full',
    identityKey: undefined,
    record: 'all',
    exitTimeoutMs: DEFAULT_EXIT_TIMEOUT_MS,
    propagation: { to: [], keyFile: undefined, issuer: 'shop', issuersFile: undefined, audience: [] },
  });
});

test('everything can be set', () => {
  const { config, problems } = readConfig(
    {
      SPANLEDGER_DISABLED: '1',
      SPANLEDGER_ENDPOINT: 'https://audit.example:4319',
      SPANLEDGER_TOKEN: 'token',
      SPANLEDGER_TOKEN_FILE: '/run/token',
      SPANLEDGER_CA_FILE: '/etc/ca.pem',
      SPANLEDGER_CLIENT_CERT_FILE: '/etc/client.pem',
      SPANLEDGER_CLIENT_KEY_FILE: '/etc/client.key',
      SPANLEDGER_SPOOL_DIR: '/spool',
      SPANLEDGER_SPOOL_MAX_BYTES: '2000000',
      SPANLEDGER_SPOOL_FSYNC: 'always',
      SPANLEDGER_SPOOL_FULL: 'block',
      SPANLEDGER_SPOOL_BLOCK_MS: '200',
      SPANLEDGER_SEND_INTERVAL_MS: '250',
      SPANLEDGER_CLAIMS: 'name, email ,',
      SPANLEDGER_IDENTITY: 'pseudonym',
      SPANLEDGER_IDENTITY_KEY: 'key',
      SPANLEDGER_RECORD: 'sessions',
      SPANLEDGER_EXIT_TIMEOUT_MS: '0',
      SPANLEDGER_PROPAGATE_TO: 'orders:8080, .Example.com,',
      SPANLEDGER_PROPAGATION_KEY: '/keys/own.pem',
      SPANLEDGER_PROPAGATION_ISSUER: 'shop',
      SPANLEDGER_PROPAGATION_ISSUERS: '/keys/issuers.json',
      SPANLEDGER_PROPAGATION_AUDIENCE: 'Shop.example, [::1]:80',
    },
    'linux',
  );
  expect(problems).toEqual([]);
  expect(config).toEqual({
    disabled: true,
    endpoint: 'https://audit.example:4319/v1/traces',
    credentials: {
      token: 'token',
      tokenFile: '/run/token',
      caFile: '/etc/ca.pem',
      clientCertFile: '/etc/client.pem',
      clientKeyFile: '/etc/client.key',
    },
    spoolDirectory: '/spool',
    spoolMaxBytes: 2_000_000,
    spoolFsync: 'always',
    spoolBlockMs: 200,
    sendIntervalMs: 250,
    claims: ['name', 'email'],
    identity: 'pseudonym',
    identityKey: 'key',
    record: 'sessions',
    exitTimeoutMs: 0,
    propagation: {
      to: [
        { kind: 'host', name: 'orders', port: 8080 },
        { kind: 'suffix', name: '.example.com', port: undefined },
      ],
      keyFile: '/keys/own.pem',
      issuer: 'shop',
      issuersFile: '/keys/issuers.json',
      audience: ['shop.example', '[::1]:80'],
    },
  });
});

describe('what is wrong falls back, and is named without its value', () => {
  test.each([
    ['SPANLEDGER_DISABLED', 'perhaps', { disabled: false }],
    ['SPANLEDGER_ENDPOINT', 'secret-place', { endpoint: DEFAULT_ENDPOINT }],
    ['SPANLEDGER_ENDPOINT', 'ftp://host/x', { endpoint: DEFAULT_ENDPOINT }],
    [
      'SPANLEDGER_TOKEN',
      'to ken',
      {
        credentials: {
          token: undefined,
          tokenFile: undefined,
          caFile: undefined,
          clientCertFile: undefined,
          clientKeyFile: undefined,
        },
      },
    ],
    ['SPANLEDGER_RECORD', 'some', { record: 'all' as const }],
    ['SPANLEDGER_SPOOL_MAX_BYTES', '12', { spoolMaxBytes: DEFAULT_SPOOL_MAX_BYTES }],
    ['SPANLEDGER_SPOOL_MAX_BYTES', '1e9', { spoolMaxBytes: DEFAULT_SPOOL_MAX_BYTES }],
    ['SPANLEDGER_SPOOL_FSYNC', 'sometimes', { spoolFsync: 'interval' }],
    ['SPANLEDGER_SPOOL_FULL', 'drop', { spoolBlockMs: 0 }],
    ['SPANLEDGER_SPOOL_BLOCK_MS', '0.5', { spoolBlockMs: 0 }],
    ['SPANLEDGER_SEND_INTERVAL_MS', '12', { sendIntervalMs: DEFAULT_SEND_INTERVAL_MS }],
    ['SPANLEDGER_EXIT_TIMEOUT_MS', '-1', { exitTimeoutMs: DEFAULT_EXIT_TIMEOUT_MS }],
    ['SPANLEDGER_PROPAGATION_AUDIENCE', 'https://us', {}],
    ['SPANLEDGER_IDENTITY', 'pseudonymous', { identity: 'minimal' }],
    ['SPANLEDGER_CLAIMS', Array.from({ length: 40 }, (_, index) => `c${index}`).join(','), {}],
  ])('%s=%s', (name, value, expected) => {
    const { config, problems } = readConfig({ [name]: value }, 'linux');
    expect(config).toMatchObject(expected);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(name);
    expect(problems[0]).not.toContain(value);
  });
});

test('where the spool is to block, it does so for its default time', () => {
  const { config } = readConfig({ SPANLEDGER_SPOOL_FULL: 'block' }, 'linux');
  expect(config.spoolBlockMs).toBe(DEFAULT_SPOOL_BLOCK_MS);
});

test.each([
  [{ OTEL_SERVICE_NAME: '../../etc' }, '______etc'],
  [{ OTEL_RESOURCE_ATTRIBUTES: 'a=b,service.name=from resource' }, 'from_resource'],
  [{}, 'unknown_service'],
])('the spool’s folder is named after the service, and stays where it belongs: %j', (env, folder) => {
  const { config } = readConfig({ XDG_STATE_HOME: '/state', ...env }, 'linux');
  expect(config.spoolDirectory).toBe(`/state/spanledger/spool/${folder}`);
});

test.each([
  [{ SPANLEDGER_PROPAGATE_TO: '*', SPANLEDGER_PROPAGATION_KEY: '/k' }, /holds something that is not a host/],
  [{ SPANLEDGER_PROPAGATE_TO: 'orders' }, /needs SPANLEDGER_PROPAGATION_KEY/],
])('nothing goes where that was not said clearly: %j', (env, problem) => {
  const { problems } = readConfig(env, 'linux');
  expect(problems).toEqual([expect.stringMatching(problem)]);
});
