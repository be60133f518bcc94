import { createServer, type Server } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openElasticsearch } from '../../../../packages/exporter/src/elasticsearch/index.ts';
import { readPlan } from '../../../../packages/exporter/src/elasticsearch/setup/plan.ts';
import { HeldDocuments } from '../../../../packages/exporter/src/held-documents.ts';
import { createLog } from '../../../../packages/exporter/src/log.ts';
import type { Hold } from '../../../../packages/exporter/src/subjects/index.ts';

const AUDIT = 'logs-spanledger.audit-shop';
const ALERTS = 'logs-spanledger.alerts-shop';

const HOLD: Hold = {
  id: '1',
  kind: 'query',
  query: 'user.id:bob',
  reason: 'case 1',
  set_by: { name: 'anybody', role: 'anybody' },
  set_at: '2026-01-01T00:00:00Z',
};

let server: Server;
let url = '';
let asked: string[] = [];
let answers: Record<string, unknown> = {};

beforeAll(async () => {
  server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push(path);
    const answer = answers[path];
    response.writeHead(answer === undefined ? 404 : 200, {
      'content-type': 'application/json',
      'x-elastic-product': 'Elasticsearch',
    });
    response.end(JSON.stringify(answer ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('it listens on a port');
  url = `http://127.0.0.1:${address.port}`;
  // Loading the client takes longer than any of the tests.
  await (await openElasticsearch({ url })).close();
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  asked = [];
  answers = {};
});

describe('documents that a legal hold covers', () => {
  let holds: Hold[] = [];
  let held: HeldDocuments;
  const begin = (): void => {
    const none = { value: undefined, file: undefined };
    const config = { url, caFile: undefined, namespace: 'shop', writer: none, reader: none, eraser: none };
    held = new HeldDocuments({
      config: { ...config, verifyEveryMinutes: undefined },
      holds: async () => holds,
      log: createLog({ level: 'silent', format: 'json' }),
      lookMs: 5,
    });
    held.start();
  };
  const lifecycles = (audit: object, alerts: object = { enabled: true }): void => {
    answers[`/_data_stream/${AUDIT},${ALERTS}/_lifecycle`] = {
      data_streams: [
        { name: AUDIT, lifecycle: audit },
        { name: ALERTS, lifecycle: alerts },
      ],
    };
  };
  const told = (): string[] => held.warnings().map(({ message }) => message);
  const looked = async (): Promise<void> => {
    const before = asked.length;
    await vi.waitFor(() => expect(asked.length).toBeGreaterThan(before + 1));
  };
  afterEach(() => held.stop());

  it('are told of where a stream deletes by itself, until it does not or nothing is held any more', async () => {
    holds = [HOLD];
    lifecycles({ enabled: true, data_retention: '365d' }, { enabled: true, data_retention: '30d' });
    begin();
    await vi.waitFor(() => expect(told()).toHaveLength(2));
    expect(told()[0]).toContain(`${AUDIT} deletes by itself what is older than 365d`);
    expect(held.warnings()[1]).toMatchObject({ code: 'elasticsearch_drops_held' });
    lifecycles({ enabled: true });
    await vi.waitFor(() => expect(told()).toEqual([]));
    // What the whole cluster deletes counts as well.
    lifecycles({ enabled: true, effective_retention: '90d' });
    await vi.waitFor(() => expect(told()).toEqual([expect.stringContaining('90d')]));
    holds = [{ ...HOLD, released_at: '2026-02-01T00:00:00Z' }];
    await vi.waitFor(() => expect(told()).toEqual([]));
  });

  it('are none where nothing is held: nobody is asked', async () => {
    holds = [];
    lifecycles({ enabled: true, data_retention: '365d' });
    let times = 0;
    begin();
    await vi.waitFor(() => expect(++times).toBeGreaterThan(3));
    expect(asked).toEqual([]);
    expect(told()).toEqual([]);
  });

  it('are kept by a lifecycle that is switched off, and by a server that has none', async () => {
    holds = [HOLD];
    lifecycles({ enabled: false, data_retention: '365d' });
    begin();
    await looked();
    expect(told()).toEqual([]);
    answers = {};
    await looked();
    expect(told()).toEqual([]);
  });
});

it('takes the phase away from a policy that deletes what is to be kept', async () => {
  const hot = { min_age: '0ms', actions: { rollover: { max_age: '30d', max_primary_shard_size: '50gb' } } };
  const meta = { managed_by: 'spanledger', documentation: 'docs/elasticsearch.md' };
  const deleting = { min_age: '365d', actions: { delete: { delete_searchable_snapshot: true } } };
  const policies = async (phases: object): Promise<unknown[]> => {
    answers['/_ilm/policy/spanledger-shop'] = { 'spanledger-shop': { policy: { phases, _meta: meta } } };
    const client = await openElasticsearch({ url });
    const capabilities = {
      version: '9',
      ilm: true,
      dataStreams: true,
      dataStreamLifecycle: true,
      security: false,
    };
    const wishes = { namespace: 'shop', ilm: true };
    const plan = await readPlan(client, wishes, { ...capabilities, fieldTypes: new Set() });
    await client.close();
    return plan.changes.filter(({ kind }) => kind === 'lifecycle_policy');
  };
  expect(await policies({ hot })).toEqual([]);
  expect(await policies({ hot, delete: deleting })).toEqual([
    expect.objectContaining({
      action: 'update',
      request: expect.objectContaining({ body: { policy: { phases: { hot }, _meta: meta } } }),
    }),
  ]);
});
