import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runHere } from '../../support/cli/context.ts';
import { makeDataDirectory, sendTraces, startTestService, waitFor } from '../../support/exporter/service.ts';
import { createSender, toProtobuf } from '../../support/exporter/spans.ts';
import { makeAuthority } from '../../support/tls/certificates.ts';
import { type Answer, elasticsearchCalls } from './calls.ts';
import { type SecuredElasticsearch, securedElasticsearch } from './shared.ts';

const AUDIT = 'logs-spanledger.audit-shop';
const RECORD = { '@timestamp': '2026-01-01T00:00:00.000000001Z', user: { id: 'alice' } };

type Call = (method: string, path: string, body?: unknown) => Promise<Answer>;

let node: SecuredElasticsearch;
let folder: string;
let keysDir: string;
let admin: Call;
let writer: Call;
let reader: Call;
let eraser: Call;

function setUp(...args: string[]) {
  const options = ['--url', node.url, '--ca-file', node.caFile, '--namespace', 'shop', '--user', 'admin'];
  return runHere(['setup', 'elasticsearch', ...options, ...args], {
    env: { SPANLEDGER_ELASTICSEARCH_PASSWORD: node.password },
  });
}

beforeAll(async () => {
  node = await securedElasticsearch();
  folder = await mkdtemp(join(tmpdir(), 'spanledger-security-'));
  keysDir = join(folder, 'keys');
  const { url, caFile } = node;
  admin = elasticsearchCalls(url, { caFile, auth: `admin:${node.password}` });
  const { status, stderr } = await setUp('--keys-dir', keysDir);
  if (status !== 0) throw new Error(stderr);
  const callerOf = async (role: string) => {
    const apiKey = (await readFile(join(keysDir, `spanledger-${role}-shop.key`), 'utf8')).trim();
    return elasticsearchCalls(url, { caFile, apiKey });
  };
  [writer, reader, eraser] = await Promise.all([callerOf('writer'), callerOf('reader'), callerOf('eraser')]);
  await writer('PUT', `/${AUDIT}/_create/first`, RECORD);
  await admin('POST', `/${AUDIT}/_refresh`);
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('the keys', () => {
  it('lie in files for their owner alone, and are printed nowhere', async () => {
    expect((await readdir(keysDir)).sort()).toEqual(
      ['eraser', 'reader', 'writer'].map((role) => `spanledger-${role}-shop.key`),
    );
    for (const name of await readdir(keysDir))
      expect((await stat(join(keysDir, name))).mode & 0o777).toBe(0o600);
    const again = await setUp('--json');
    expect(JSON.parse(again.stdout)).toMatchObject({ changes: [], keys: [] });
  });

  it('are made anew with --new-keys, which takes no key away and replaces the files', async () => {
    const before = await readFile(join(keysDir, 'spanledger-reader-shop.key'), 'utf8');
    const taken = join(folder, 'taken');
    expect((await setUp('--new-keys', '--keys-dir', taken, '--keys-expire', '90d', '--json')).status).toBe(0);
    const after = (await readFile(join(taken, 'spanledger-reader-shop.key'), 'utf8')).trim();
    expect(after).not.toBe(before.trim());
    const { url, caFile } = node;
    expect(
      (await elasticsearchCalls(url, { caFile, apiKey: after })('GET', `/${AUDIT}/_search`)).status,
    ).toBe(200);
    expect((await reader('GET', `/${AUDIT}/_search`)).status).toBe(200);
  });

  it('are printed once where no folder is named, with the day on which they end', async () => {
    const { stdout } = await setUp('--new-keys', '--keys-expire', '1d');
    expect(stdout).toMatch(
      /API key of the writer, good until 2\d{3}-.*\n\n {2}[\w+/=]{40,}\n\n {2}It is shown this once/,
    );
  });

  it('are not made where a file is in the way that holds another', async () => {
    const other = join(folder, 'other');
    const { status } = await setUp('--new-keys', '--keys-dir', other);
    expect(status).toBe(0);
    const invalidated = await admin('DELETE', '/_security/api_key', { name: 'spanledger-reader-shop' });
    expect(invalidated.status).toBe(200);
    const refused = await setUp('--keys-dir', keysDir);
    expect(refused.status).toBe(2);
    expect(refused.stderr).toMatch(/spanledger-reader-shop\.key: is there already.*\n.*--new-keys/);
    expect((await setUp('--keys-dir', join(folder, 'third'))).status).toBe(0);
    const apiKey = (await readFile(join(folder, 'third/spanledger-reader-shop.key'), 'utf8')).trim();
    reader = elasticsearchCalls(node.url, { caFile: node.caFile, apiKey });
  });
});

describe('the writer', () => {
  it('adds records', async () => {
    expect((await writer('PUT', `/${AUDIT}/_create/written`, RECORD)).status).toBe(201);
    expect((await writer('PUT', `/${AUDIT}/_create/written`, RECORD)).status).toBe(409);
  });

  it.each([
    ['search', 'POST', `/${AUDIT}/_search`, {}],
    ['get', 'GET', `/${AUDIT}/_mapping`, undefined],
    ['update', 'POST', `/${AUDIT}/_update/first`, { doc: { user: { id: 'mallory' } } }],
    ['delete', 'DELETE', `/${AUDIT}/_doc/first`, undefined],
    ['delete by query', 'POST', `/${AUDIT}/_delete_by_query`, { query: { match_all: {} } }],
    ['update by query', 'POST', `/${AUDIT}/_update_by_query`, { query: { match_all: {} } }],
    ['roll over', 'POST', `/${AUDIT}/_rollover`, undefined],
    ['change the mapping of', 'PUT', `/${AUDIT}/_mapping`, { properties: { x: { type: 'keyword' } } }],
    ['write into others’', 'PUT', '/logs-spanledger.audit-other/_create/1', RECORD],
    ['change templates of', 'PUT', '/_component_template/spanledger.audit-shop@records', { template: {} }],
    ['make keys for', 'POST', '/_security/api_key', { name: 'mine' }],
  ])('can not %s records', async (_what, method, path, body) => {
    expect((await writer(method, path, body)).status).toBe(403);
  });

  it('neither reads nor overwrites nor deletes a document by its id', async () => {
    const backing = (await admin('GET', `/${AUDIT}/_mapping`)).body;
    const [index = ''] = Object.keys(backing ?? {});
    expect((await writer('GET', `/${index}/_doc/first`)).status).toBe(403);
    expect((await writer('PUT', `/${index}/_doc/first?if_seq_no=0&if_primary_term=1`, RECORD)).status).toBe(
      403,
    );
    expect((await writer('DELETE', `/${index}/_doc/first`)).status).toBe(403);
    expect((await reader('GET', `/${index}/_doc/first`)).body).toMatchObject({ _source: RECORD });
  });
});

describe('the reader', () => {
  it('finds records', async () => {
    const filter = [{ term: { 'user.id': 'alice' } }, { ids: { values: ['first'] } }];
    const found = await reader('POST', `/${AUDIT}/_search`, { query: { bool: { filter } } });
    expect(found.body).toMatchObject({ hits: { hits: [{ _source: RECORD }] } });
    expect((await reader('POST', `/${AUDIT}/_pit?keep_alive=1m`)).status).toBe(200);
  });

  it.each([
    ['add', 'PUT', `/${AUDIT}/_create/2`, RECORD],
    ['delete', 'POST', `/${AUDIT}/_delete_by_query`, { query: { match_all: {} } }],
    ['change', 'POST', `/${AUDIT}/_update_by_query`, { query: { match_all: {} } }],
    ['change sessions beside', 'PUT', '/spanledger.sessions-shop/_doc/1', {}],
    ['see others’', 'POST', '/logs-spanledger.audit-other/_search', {}],
  ])('can not %s records', async (_what, method, path, body) => {
    expect((await reader(method, path, body)).status).toBe(403);
  });
});

describe('the eraser', () => {
  it('takes the personal data out of records, and cannot touch the templates', async () => {
    const query = { term: { 'user.id': 'alice' } };
    expect((await eraser('POST', `/${AUDIT}/_refresh`)).status).toBe(200);
    const script = { source: "ctx._source.remove('user')" };
    const erased = await eraser('POST', `/${AUDIT}/_update_by_query`, { query, script });
    expect(erased.status).toBe(200);
    await admin('POST', `/${AUDIT}/_refresh`);
    expect((await reader('POST', `/${AUDIT}/_search`, { query })).body).toMatchObject({ hits: { hits: [] } });
    expect((await eraser('PUT', '/_component_template/x', { template: {} })).status).toBe(403);
    expect((await eraser('POST', '/logs-spanledger.audit-other/_search', {})).status).toBe(403);
  });
});

describe('a service with the keys of writer and reader', () => {
  it('copies what it records over TLS, and says that it can', async () => {
    const scratch = await makeDataDirectory();
    await using cleanup = new AsyncDisposableStack();
    cleanup.defer(() => scratch.remove());
    const service = await startTestService(scratch.path, {
      SPANLEDGER_ELASTICSEARCH_URL: node.url,
      SPANLEDGER_ELASTICSEARCH_NAMESPACE: 'shop',
      SPANLEDGER_ELASTICSEARCH_CA_FILE: node.caFile,
      SPANLEDGER_ELASTICSEARCH_API_KEY_FILE: join(keysDir, 'spanledger-writer-shop.key'),
      SPANLEDGER_ELASTICSEARCH_READER_API_KEY_FILE: join(folder, 'third/spanledger-reader-shop.key'),
    });
    cleanup.defer(() => service.close());
    const sender = createSender('shop');
    const attributes = { 'user.id': 'carla', 'session.id': 's1', 'oidc.issuer': 'https://id.example' };
    const sent = await sendTraces(service.url, toProtobuf([sender.span({ attributes })]));
    expect(sent.status).toBe(200);
    const query = { term: { 'user.id': 'carla' } };
    await waitFor(
      'the record in Elasticsearch',
      async () => {
        const { body } = await reader('POST', `/${AUDIT}/_search`, { query });
        return Object(Object(body).hits).hits.length === 1;
      },
      30_000,
    );
    await waitFor(
      'her session there',
      async () => {
        const { body } = await reader('POST', '/spanledger.sessions-shop/_search', {
          query: { term: { user_id: 'carla' } },
        });
        return Object(Object(body).hits).hits.length === 1;
      },
      30_000,
    );
  });
});

describe('errors that name the fix', () => {
  const failure = async (args: string[], env: NodeJS.ProcessEnv = {}) => {
    const { status, stderr } = await runHere(['setup', 'elasticsearch', ...args, '--json'], { env });
    const told: { error: { code: string; message: string; hint: string } } = JSON.parse(stderr);
    return { status, ...told.error };
  };
  const withPassword = (password = '') => ({ SPANLEDGER_ELASTICSEARCH_PASSWORD: password });

  it('another authority, or none: elasticsearch.ca_file', async () => {
    const { certFile } = await makeAuthority(folder, 'other-ca');
    for (const authority of [['--ca-file', certFile], []]) {
      const { status, code, hint } = await failure(['--url', node.url, ...authority]);
      expect({ status, code }).toEqual({ status: 3, code: 'elasticsearch_untrusted' });
      expect(hint).toContain('elasticsearch.ca_file');
    }
  });

  it('a file of authorities that is not there', async () => {
    const { code, message } = await failure(['--url', node.url, '--ca-file', join(folder, 'nothing.pem')]);
    expect(code).toBe('elasticsearch_untrusted');
    expect(message).toContain('nothing.pem');
  });

  it('https where there is http, and http where there is https', async () => {
    const plain = await failure(['--url', node.url.replace('https:', 'http:')]);
    expect(plain.code).toBe('elasticsearch_unreachable');
    expect(plain.hint).toContain('https');
  });

  it('a wrong password, and a key that has expired: 401', async () => {
    const trusted = ['--url', node.url, '--ca-file', node.caFile];
    const wrong = await failure([...trusted, '--user', 'admin'], withPassword('wrong'));
    expect(wrong).toMatchObject({ status: 3, code: 'elasticsearch_refused' });
    const made = await admin('POST', '/_security/api_key', { name: 'short', expiration: '1ms' });
    const encoded = String(Object(made.body).encoded);
    const file = join(folder, 'expired.key');
    await writeFile(file, encoded);
    const expired = await failure([...trusted, '--api-key-file', file]);
    expect(expired).toMatchObject({ status: 3, code: 'elasticsearch_refused' });
    expect(expired.hint).toMatch(/expired.*--new-keys/);
  });

  it('a key that may not: 403, and what it lacks', async () => {
    const file = join(keysDir, 'spanledger-writer-shop.key');
    const refused = await failure(['--url', node.url, '--ca-file', node.caFile, '--api-key-file', file]);
    expect(refused).toMatchObject({ status: 3, code: 'elasticsearch_refused' });
    expect(refused.message).toContain('cluster:monitor/main');
  });

  it('no password, and a key file that holds none', async () => {
    expect(await failure(['--url', node.url, '--user', 'admin'])).toMatchObject({ status: 2, code: 'usage' });
    const file = join(folder, 'empty.key');
    await writeFile(file, '\n');
    const { code, message } = await failure(['--url', node.url, '--api-key-file', file]);
    expect(code).toBe('key_missing');
    expect(message).toContain('empty.key');
  });
});
