import { openDocument, type JsonObject, type Openings } from '@spanledger/record';
import { expect, test } from 'vitest';
import { DataMapBuilder, MAX_FIELDS, MAX_NAMES } from '../../../packages/cli/src/data-map.ts';
import { escapeHtml, renderHtmlTable } from '../../../packages/cli/src/output/html.ts';
import { renderPrivacyPage, renderPrivacyReport } from '../../../packages/cli/src/output/privacy-report.ts';
import { plain } from '../../../packages/cli/src/output/paint.ts';

interface Wish {
  actor?: string;
  service?: string;
  groups?: { [Group in keyof Openings]: JsonObject };
  audit?: JsonObject;
  action?: string;
  committed?: string[];
  time?: string;
}

function documentOf(wish: Wish): JsonObject {
  const { groups = {}, actor = 'ref-1', action = 'server', time = '2026-11-22T10:00:00.000000000Z' } = wish;
  const committed = [...Object.keys(groups), ...(wish.committed ?? [])];
  const record: JsonObject = {
    '@timestamp': time,
    audit: {
      actor: { id: actor, type: 'user' },
      ...(committed.length > 0 && { commitments: Object.fromEntries(committed.map((name) => [name, 'x'])) }),
      ...wish.audit,
    },
    event: { action },
    ...(wish.service !== undefined && { service: { name: wish.service } }),
  };
  const openings = Object.fromEntries(
    Object.entries(groups).map(([name, value]) => [name, { salt: 's', value }]),
  );
  return openDocument(record, openings, { hash: 'c0ffee', checkpointSize: 1 });
}

function mapOf(...wishes: Wish[]): ReturnType<DataMapBuilder['build']> {
  const builder = new DataMapBuilder();
  for (const wish of wishes) builder.add(documentOf(wish));
  return builder.build();
}

test('lists each field with its group, its services, and the rules that it is kept by', () => {
  const identity = { user: { id: 'alice', roles: ['a', 'b'] } };
  const map = mapOf(
    {
      service: 'shop',
      groups: { identity, content: { attributes: { 'order.note': 'x' }, url: { path: '/x' } } },
    },
    {
      service: 'stock',
      groups: { identity: { user: { id: 'bob' } }, network: { client: { address: '192.0.2.1' } } },
      audit: { policy: { rule: 'admins', retention: 'long' } },
      actor: 'ref-2',
    },
  );
  const [rules, retention] = [['default'], ['default']];
  expect(map).toMatchObject({ records: 2, people: 2, erasures: 0 });
  expect(map.fields).toEqual([
    { field: 'attributes.order.note', group: 'content', records: 1, services: ['shop'], rules, retention },
    { field: 'url.path', group: 'content', records: 1, services: ['shop'], rules, retention },
    {
      field: 'user.id',
      group: 'identity',
      records: 2,
      services: ['shop', 'stock'],
      rules: ['default', 'admins'],
      retention: ['default', 'long'],
    },
    { field: 'user.roles', group: 'identity', records: 1, services: ['shop'], rules, retention },
    {
      field: 'client.address',
      group: 'network',
      records: 1,
      services: ['stock'],
      rules: ['admins'],
      retention: ['long'],
    },
  ]);
});

test('counts what cannot be opened any more, and whom it was', () => {
  const map = mapOf(
    { committed: ['identity', 'network'] },
    { committed: ['identity'], groups: { content: { url: { path: '/' } } } },
    { action: 'privacy.erasure.completed' },
  );
  expect(map.closed).toEqual({ content: 0, identity: 2, network: 1 });
  expect(map.erasures).toBe(1);
});

test('sums up who read how much', () => {
  const reading = (token: string, count: number, records: number, time: string): Wish => ({
    action: 'access.read.records',
    audit: { access: { token, role: 'auditor', count, records } },
    time,
  });
  const map = mapOf(
    reading('one', 1, 50, '2026-11-22T10:00:00.000000000Z'),
    reading('two', 1, 1, '2026-11-22T11:00:00.000000000Z'),
    reading('one', 4, 200, '2026-11-22T09:00:00.000000000Z'),
    { action: 'access.refused', audit: { access: { token: 'three', count: 9 } } },
  );
  expect(map.readers).toEqual([
    { reader: 'one', role: 'auditor', requests: 5, records: 250, last: '2026-11-22T10:00:00.000000000Z' },
    { reader: 'two', role: 'auditor', requests: 1, records: 1, last: '2026-11-22T11:00:00.000000000Z' },
  ]);
});

test('counts what was redacted', () => {
  const audit = { redacted: ['client.address', 'http.route'] };
  expect(mapOf({ audit }, { audit: { redacted: ['http.route'] } }).redacted).toEqual([
    { field: 'http.route', records: 2 },
    { field: 'client.address', records: 1 },
  ]);
});

test('names from outside are bounded', () => {
  const builder = new DataMapBuilder();
  for (let i = 0; i < MAX_FIELDS + 50; i++) {
    builder.add(
      documentOf({ service: `s${i % 100}`, groups: { content: { attributes: { [`k${i}`]: 1, same: 1 } } } }),
    );
  }
  const { fields } = builder.build();
  expect(fields).toHaveLength(MAX_FIELDS + 1);
  expect(fields.find(({ field }) => field === '(other fields)')?.records).toBe(51);
  expect(fields.find(({ field }) => field === 'attributes.same')?.services).toHaveLength(MAX_NAMES);
});

const REPORT = {
  ...mapOf({ service: '<script>', groups: { content: { attributes: { '"><b>': 'x' } } } }),
  made: '2026-11-22T10:00:00.000Z',
  origin: 'log.example',
  places: [{ place: 'vault/', form: 'sealed', until: 'erased' }],
};

test('a page runs nothing and takes names for text', () => {
  const page = renderPrivacyPage(REPORT);
  expect(page).toContain("default-src 'none'");
  expect(page).not.toMatch(/<script|"><b>/);
  expect(page).toContain('attributes.&quot;&gt;&lt;b&gt;');
  expect(escapeHtml(`&<>"'`)).toBe('&amp;&lt;&gt;&quot;&#39;');
  expect(renderHtmlTable(['A'], [])).toContain('<th>A</th>');
});

test('a terminal gets tables', () => {
  const text = renderPrivacyReport(REPORT, plain);
  expect(text).toMatch(/FIELD +GROUP +RECORDS/);
  expect(text).toMatch(/vault\/ +sealed +erased/);
  expect(text).toContain('1 records of 1 people');
});
