import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateCosigner, generateSigner } from '@spanledger/ledger';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  ENVIRONMENT_OVERRIDES,
  isLoopback,
  loadConfig,
} from '../../../../packages/exporter/src/config/index.ts';
import { ExporterError } from '../../../../packages/exporter/src/errors.ts';

const WITNESS = generateCosigner('witness.example/w');

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spanledger-config-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

async function write(text: string): Promise<string> {
  const file = join(directory, 'spanledger.yaml');
  await writeFile(file, text);
  return file;
}

function problems(sources: Omit<Parameters<typeof loadConfig>[0], 'directory'>): string {
  try {
    loadConfig({ directory, ...sources });
  } catch (error) {
    if (error instanceof ExporterError && error.code === 'config_invalid') return error.message;
    throw error;
  }
  return 'no problem';
}

describe('where values come from', () => {
  test('nothing configured: loopback, 4319, the folder for data of the user', () => {
    const config = loadConfig({ directory, env: {} });
    expect(config).toMatchObject({ host: '127.0.0.1', port: 4319, insecure: false, publishIntervalMs: 500 });
    expect(config.dataDirectory).toMatch(/spanledger$/);
    expect(config.origin).toBeUndefined();
    expect(Object.isFrozen(config)).toBe(true);
  });

  test('environment over file, command line over both', async () => {
    await write('data_directory: from-file\nlisten:\n  port: 1\nlog:\n  level: debug\n');
    const env = { SPANLEDGER_PORT: '2', SPANLEDGER_DATA_DIRECTORY: '' };
    expect(loadConfig({ directory, env })).toMatchObject({
      port: 2,
      dataDirectory: join(directory, 'from-file'),
      logLevel: 'debug',
    });
    expect(loadConfig({ directory, env, flags: { port: 3 } }).port).toBe(3);
  });

  test('a named file, by flag or variable', async () => {
    const file = join(directory, 'other.yaml');
    await writeFile(file, 'ledger: { origin: audit.example.com/shop }');
    expect(loadConfig({ directory, env: {}, file }).origin).toBe('audit.example.com/shop');
    expect(loadConfig({ directory, env: { SPANLEDGER_CONFIG: file } }).origin).toBe('audit.example.com/shop');
    expect(problems({ env: {}, file: join(directory, 'missing.yaml') })).toMatch(
      /missing\.yaml: cannot be read/,
    );
  });

  test('every variable of the table sets its field', async () => {
    await write(`ledger: { witnesses: [{ url: http://127.0.0.1:4320, vkey: ${WITNESS.vkey} }] }`);
    const texts: Record<string, string> = {
      SPANLEDGER_DATA_DIRECTORY: '/data',
      SPANLEDGER_HOST: '0.0.0.0',
      SPANLEDGER_PORT: '0',
      SPANLEDGER_INSECURE: 'true',
      SPANLEDGER_TLS_CERT_FILE: 'tls.pem',
      SPANLEDGER_TLS_KEY_FILE: '/etc/tls.key',
      SPANLEDGER_TLS_CLIENT_CA_FILE: '/etc/ca.pem',
      SPANLEDGER_TLS_CLIENT_CERTIFICATE: 'optional',
      SPANLEDGER_TLS_MIN_VERSION: 'TLSv1.3',
      SPANLEDGER_ACCESS_REQUIRED: 'true',
      SPANLEDGER_PUBLIC_LOG: 'true',
      SPANLEDGER_RECORD_READING: 'false',
      SPANLEDGER_ORIGIN: 'audit.example.com',
      SPANLEDGER_PUBLISH_INTERVAL_MS: '100',
      SPANLEDGER_VERIFY_EVERY_HOURS: '2',
      SPANLEDGER_WITNESS_QUORUM: '1',
      SPANLEDGER_WITNESS_TIMEOUT_MS: '500',
      SPANLEDGER_WHEN_WITNESSES_MISSING: 'hold',
      SPANLEDGER_SEGMENT_MAX_AGE_MS: '200',
      SPANLEDGER_ACCEPT_LOST_OPENINGS: 'true',
      SPANLEDGER_FOUR_EYES: 'false',
      SPANLEDGER_INDEX_DRIVER: 'elasticsearch',
      SPANLEDGER_ELASTICSEARCH_URL: 'http://127.0.0.1:9200',
      SPANLEDGER_ELASTICSEARCH_NAMESPACE: 'shop',
      SPANLEDGER_ELASTICSEARCH_API_KEY_FILE: '/keys/writer',
      SPANLEDGER_ELASTICSEARCH_READER_API_KEY_FILE: '/keys/reader',
      SPANLEDGER_ELASTICSEARCH_ERASER_API_KEY_FILE: '/keys/eraser',
      SPANLEDGER_ELASTICSEARCH_CA_FILE: '/keys/ca.pem',
      SPANLEDGER_ELASTICSEARCH_VERIFY_EVERY_MINUTES: '60',
      SPANLEDGER_POLICY_FILE: 'audit-policy.yaml',
      SPANLEDGER_TELEMETRY_INDEX: 'true',
      SPANLEDGER_LOG_LEVEL: 'silent',
      SPANLEDGER_LOG_FORMAT: 'json',
    };
    expect(ENVIRONMENT_OVERRIDES.map(({ variable }) => variable).sort()).toEqual(Object.keys(texts).sort());
    expect(loadConfig({ directory, env: texts })).toEqual({
      completeness: { graceMs: 120_000, silenceMs: 3_600_000 },
      dataDirectory: '/data',
      host: '0.0.0.0',
      port: 0,
      providers: [],
      policy: { file: join(directory, 'audit-policy.yaml'), skipWindowMs: 10_000 },
      insecure: true,
      tls: {
        certFile: join(directory, 'tls.pem'),
        keyFile: '/etc/tls.key',
        clientCaFile: '/etc/ca.pem',
        clientCertificate: 'optional',
        minVersion: 'TLSv1.3',
      },
      access: { required: true, publicLog: true, recordReading: false, certificates: [] },
      origin: 'audit.example.com',
      publishIntervalMs: 100,
      verifyEveryMs: 7_200_000,
      witnessing: {
        witnesses: [{ url: 'http://127.0.0.1:4320', vkey: WITNESS.vkey }],
        quorum: 1,
        timeoutMs: 500,
        whenMissing: 'hold',
      },
      segmentMaxAgeMs: 200,
      acceptLostOpenings: true,
      fourEyes: false,
      minimisation: { fields: [], quarantine: true, quarantineExcept: [] },
      keyFiles: [],
      anchors: [],
      deliver: [],
      alerts: { isEnabled: true, rulesFile: undefined, disabled: [], maxKeys: 100_000 },
      sessions: {
        limits: { idleMs: 1_800_000, inactivityMs: undefined, absoluteMs: undefined },
        overrides: [],
        clockSkewMs: 5000,
      },
      indexDriver: 'elasticsearch',
      indexTelemetry: true,
      elasticsearch: {
        url: 'http://127.0.0.1:9200',
        namespace: 'shop',
        writer: { value: undefined, file: '/keys/writer' },
        reader: { value: undefined, file: '/keys/reader' },
        eraser: { value: undefined, file: '/keys/eraser' },
        caFile: '/keys/ca.pem',
        verifyEveryMinutes: 60,
      },
      logLevel: 'silent',
      logFormat: 'json',
      kek: undefined,
      kekCommand: undefined,
    });
  });
});

test('key files are found from the working directory', async () => {
  await write('ledger: { key_files: [old.pem, /etc/spanledger/new.pem] }');
  expect(loadConfig({ directory, env: {} }).keyFiles).toEqual([
    join(directory, 'old.pem'),
    '/etc/spanledger/new.pem',
  ]);
  await write('ledger: { key_files: old.pem }');
  expect(problems({ env: {} })).toMatch(/ledger\.key_files: must be a list of files/);
});

describe('witnesses', () => {
  const others = ['a', 'b', 'c'].map((name) => generateCosigner(name));
  const listed = (witnesses: readonly { vkey: string }[], more = ''): string =>
    `ledger:\n  witnesses:\n${witnesses.map(({ vkey }) => `    - { url: 'https://w.example/x', vkey: '${vkey}' }\n`).join('')}${more}`;

  test('none, unless they are named', () => {
    expect(loadConfig({ directory, env: {} }).witnessing).toBeUndefined();
  });

  test.each([
    [1, 1],
    [2, 2],
    [3, 2],
  ])('of %i, more than half are demanded', async (count, quorum) => {
    await write(listed(others.slice(0, count)));
    expect(loadConfig({ directory, env: {} }).witnessing).toMatchObject({
      quorum,
      timeoutMs: 300,
      whenMissing: 'publish',
    });
  });

  test.each([
    ['more than there are', listed(others, '  witness_quorum: 4'), /witness_quorum: must be at most 3/],
    ['none demanded', listed(others, '  witness_quorum: 0'), /witness_quorum: must be at least 1/],
    ['a quorum of nobody', 'ledger: { witness_quorum: 1 }', /there are no ledger\.witnesses/],
    [
      'the key of a log',
      listed([generateSigner('x.example')]),
      /vkey: must be the verification key of a witness/,
    ],
    ['one twice', listed([WITNESS, WITNESS]), /witnesses: must each have a key of their own/],
    ['no URL', listed(others).replaceAll('https://', 'ftp://'), /witnesses\.0\.url: must be a URL/],
    ['no time', listed(others, '  witness_timeout_ms: 1'), /witness_timeout_ms: must be at least 10/],
    ['another word', listed(others, '  when_witnesses_missing: stop'), /must be publish .* or hold/],
    ['a misspelt field', listed(others, '  witness_qourum: 1'), /there is no such field/],
  ])('%s is refused', async (_what, text, message) => {
    await write(text);
    expect(problems({ env: {} })).toMatch(message);
  });
});

describe('what is refused', () => {
  test('everything at once, each with its file or variable, its field and what to write', async () => {
    const file = await write('listen:\n  prot: 1\nledger:\n  publish_interval_ms: 5000\nextra: 1\n');
    const message = problems({ env: { SPANLEDGER_PORT: 'many', SPANLEDGER_KEK: 'c2hvcnQ=' } });
    expect(message).toContain(`${file}: listen.prot: there is no such field`);
    expect(message).toContain(`${file}: ledger.publish_interval_ms: must be at most 1000`);
    expect(message).toContain(`${file}: extra: there is no such field`);
    expect(message).toContain('the environment variable SPANLEDGER_PORT: listen.port: must be a port number');
    expect(message).toContain('the environment variable SPANLEDGER_KEK: must be the base64 of 32 bytes');
    expect(message).not.toContain('c2hvcnQ=');
  });

  test.each([
    ['two of the same field', 'insecure: true\ninsecure: false\n', /unique/],
    ['a list', '- a\n', /must be a mapping/],
    ['a broken file', 'listen: [\n', /spanledger\.yaml/],
    ['an origin with a scheme', 'ledger: { origin: "https://audit.example.com" }', /without its scheme/],
    ['a section that is none', 'listen: 4319', /listen/],
  ])('%s', async (_what, text, message) => {
    await write(text);
    expect(problems({ env: {} })).toMatch(message);
  });

  test('listening beyond loopback, unless by name', async () => {
    await write('listen: { host: 0.0.0.0 }');
    expect(problems({ env: {} })).toMatch(/0\.0\.0\.0 is reachable from other machines.*--insecure/);
    expect(loadConfig({ directory, env: {}, flags: { insecure: true } }).host).toBe('0.0.0.0');
    expect(problems({ env: { SPANLEDGER_HOST: 'audit.example.com' } })).toMatch(/variable SPANLEDGER_HOST/);
  });
});

test.each([
  ['127.0.0.1', true],
  ['127.8.8.8', true],
  ['localhost', true],
  ['::1', true],
  ['0.0.0.0', false],
  ['::', false],
  ['10.0.0.1', false],
  ['127.example.com', false],
])('%s is loopback: %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});

describe('an Elasticsearch', () => {
  test('none: searches are answered by the embedded index', () => {
    const config = loadConfig({ directory, env: {} });
    expect(config).toMatchObject({ indexDriver: 'embedded', indexTelemetry: false });
    expect(config.elasticsearch).toBeUndefined();
  });

  test('from the file, with files relative to the working directory', async () => {
    await write(
      'index: { driver: elasticsearch }\ntelemetry: { index: true }\nelasticsearch:\n' +
        '  url: https://es.example:9200\n  namespace: shop\n  api_key_file: writer.key\n' +
        '  reader_api_key_file: reader.key\n  ca_file: ca.pem\n  verify_every_minutes: 60\n',
    );
    expect(loadConfig({ directory, env: {} })).toMatchObject({
      indexDriver: 'elasticsearch',
      indexTelemetry: true,
      elasticsearch: {
        url: 'https://es.example:9200',
        namespace: 'shop',
        writer: { file: join(directory, 'writer.key') },
        reader: { file: join(directory, 'reader.key') },
        caFile: join(directory, 'ca.pem'),
        verifyEveryMinutes: 60,
      },
    });
  });

  test('from the environment alone, keys included', () => {
    const env = {
      SPANLEDGER_ELASTICSEARCH_URL: 'http://127.0.0.1:9200',
      SPANLEDGER_ELASTICSEARCH_API_KEY: 'd3JpdGVy',
      SPANLEDGER_ELASTICSEARCH_READER_API_KEY: 'cmVhZGVy',
      SPANLEDGER_INDEX_DRIVER: 'elasticsearch',
    };
    expect(loadConfig({ directory, env })).toMatchObject({
      indexDriver: 'elasticsearch',
      elasticsearch: {
        namespace: 'default',
        writer: { value: 'd3JpdGVy' },
        reader: { value: 'cmVhZGVy' },
      },
    });
  });

  test.each([
    ['index: { driver: sqlite }', 'index.driver: must be embedded or elasticsearch'],
    ['index: { driver: elasticsearch }', 'index.driver: there is no elasticsearch.url'],
    ['telemetry: { index: true }', 'telemetry.index: there is no elasticsearch.url'],
    ['elasticsearch: { url: es.example }', 'elasticsearch.url: must be a URL'],
    ['elasticsearch: { url: "https://me:secret@es.example" }', 'keys belong into api_key_file'],
    [
      'elasticsearch: { url: "https://es", namespace: Shop-1 }',
      'elasticsearch.namespace: must be small letters',
    ],
    ['elasticsearch: { url: "https://es", verify_every_minutes: 0 }', 'must be at least 1'],
    ['elasticsearch: { url: "https://es", api_key: x }', 'elasticsearch.api_key: there is no such field'],
    ['elasticsearch: { url: "http://es.example", api_key_file: k }', 'in the clear'],
  ])('is refused: %s', async (text, problem) => {
    await write(`${text}\n`);
    expect(problems({ env: {} })).toContain(problem);
  });

  test('keys cross a network in the clear only where that was asked for by name', async () => {
    await write('insecure: true\nelasticsearch: { url: "http://es.example", api_key_file: k }\n');
    expect(loadConfig({ directory, env: {} }).elasticsearch?.url).toBe('http://es.example');
  });
});
