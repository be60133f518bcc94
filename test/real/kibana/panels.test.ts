import { randomBytes } from 'node:crypto';
import { isJsonObject, type JsonObject } from '@spanledger/record';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type KibanaWorld, makeKibanaWorld } from '../../support/kibana/kibana-world.ts';
import { kqlFilter, valuesOf } from '../../support/kibana/kql-match.ts';
import { kqlQuery } from '../../support/kibana/kql-query.ts';
import { INTERVAL_SECONDS, runLens } from '../../support/kibana/lens-request.ts';
import { computeRows, type Row } from '../../support/kibana/lens-rows.ts';
import { layerOf, type ShippedLens, shippedObjects } from '../../support/kibana/shipped-objects.ts';
import { shippedAlertRules, shippedDetectionRules } from '../../support/kibana/shipped-rules.ts';
import { sharedElasticsearch } from '../elasticsearch/shared.ts';

const objects = shippedObjects();
const views = new Map(
  objects.flatMap((object) => (object.type === 'index-pattern' ? [[object.id, object] as const] : [])),
);
const lenses = objects.filter((object) => object.type === 'lens');
const searches = objects.filter((object) => object.type === 'search');
/** Elasticsearch interpolates percentiles in another way than we do. */
const PERCENTILE_TOLERANCE = 0.25;

let world: KibanaWorld;

beforeAll(async () => {
  world = await makeKibanaWorld(await sharedElasticsearch(), `k${randomBytes(6).toString('hex')}`);
});

afterAll(async () => {
  await world[Symbol.asyncDispose]();
});

/** The documents of a data view, in Elasticsearch. */
function indexOfView(id: string | undefined): string {
  const view = views.get(id ?? '');
  if (view === undefined) throw new Error(`there is no data view ${id}`);
  return world.indexOf(view.attributes.title);
}

async function countHits(index: string, query: JsonObject): Promise<number> {
  const answer: unknown = await world.client.transport.request({
    method: 'POST',
    path: `/${index}/_count`,
    body: { query },
  });
  return isJsonObject(answer) ? Number(answer['count']) : Number.NaN;
}

/** Percentiles roughly, the rest exactly. */
function expectRows(found: readonly Row[], expected: readonly Row[], lens: ShippedLens): void {
  const { columns } = layerOf(lens);
  const isRough = (name: string): boolean => columns[name]?.operationType === 'percentile';
  const exactly = (rows: readonly Row[]): Row[] =>
    rows.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => !isRough(name))));
  expect(exactly(found)).toEqual(exactly(expected));
  for (const [at, row] of found.entries()) {
    for (const name of Object.keys(row).filter(isRough)) {
      const wanted = Number(expected[at]?.[name]);
      const value = Number(row[name]);
      expect(value, name).toBeGreaterThan(wanted * (1 - PERCENTILE_TOLERANCE));
      expect(value, name).toBeLessThan(wanted * (1 + PERCENTILE_TOLERANCE));
    }
  }
}

describe('every visualization shows what the records say', () => {
  test.each(lenses.map((lens) => [lens.id, lens] as const))('%s', async (_id, lens) => {
    const index = indexOfView(lens.references[0]?.id);
    const found = await runLens(world.client, index, lens);
    expect(found).not.toEqual([]);
    const { columns } = layerOf(lens);
    for (const [name, { operationType }] of Object.entries(columns)) {
      // The first number of a log is 0.
      const isSomething = (value: Row[string] | undefined): boolean =>
        value !== null && value !== undefined && (value !== 0 || operationType === 'min');
      expect(found.map((row) => row[name]).some(isSomething), name).toBe(true);
    }
    expectRows(found, computeRows(world.documents, lens, INTERVAL_SECONDS), lens);
  });
});

describe('every saved search finds what the ledger has', () => {
  test.each(searches.map((search) => [search.id, search] as const))('%s', async (_id, search) => {
    const { query } = search.attributes.kibanaSavedObjectMeta.searchSourceJSON.query;
    const [reference] = search.references;
    const all = await countHits(indexOfView(reference?.id), kqlQuery(query));
    expect(all).toBeGreaterThan(0);
    if (reference?.id !== 'spanledger-audit') return;
    expect(all).toBe(world.documents.filter(kqlFilter(query)).length);
    const isRecord = { exists: { field: 'audit.ledger.index' } };
    const ours = await countHits(indexOfView(reference.id), {
      bool: { filter: [kqlQuery(query), isRecord] },
    });
    expect(ours).toBe(await world.countInLedger(query));
  });
});

test('the numbers are those of what the people did', async () => {
  const numbers = await Promise.all(
    [
      'spanledger-login-count',
      'spanledger-failed-login-count',
      'spanledger-key-change-count',
      'spanledger-lost-record-count',
      'spanledger-finding-count',
      'spanledger-truncated-count',
    ].map(async (id) => {
      const lens = lenses.find((object) => object.id === id);
      if (lens === undefined) throw new Error(`there is no ${id}`);
      const [row] = await runLens(world.client, indexOfView('spanledger-audit'), lens);
      return [id.replace('spanledger-', ''), row?.['value']];
    }),
  );
  expect(Object.fromEntries(numbers)).toEqual({
    'login-count': 3,
    // Carol's three, ten from one address, and a refresh token.
    'failed-login-count': 14,
    'key-change-count': 1,
    'lost-record-count': 3,
    'finding-count': 1,
    'truncated-count': 1,
  });
});

test('every field that is shown is one that Elasticsearch has', async () => {
  for (const search of searches) {
    const index = indexOfView(search.references[0]?.id);
    const { fields } = await world.client.fieldCaps({ index, fields: search.attributes.columns });
    expect(Object.keys(fields), search.id).toEqual(expect.arrayContaining(search.attributes.columns));
  }
});

test('links lead from a record to its trace, and back to the record', async () => {
  const follow = async (from: string, field: string, value: string): Promise<number> => {
    const format = views.get(from)?.attributes.fieldFormatMap[field];
    if (format?.id !== 'url') throw new Error(`${field} is no link`);
    const url = decodeURIComponent(format.params.urlTemplate.replace('{{value}}', encodeURIComponent(value)));
    const [, view] = /dataViewId:([a-z-]+)/.exec(url) ?? [];
    const [, query = ''] = /query:'([^']+)'/.exec(url) ?? [];
    return countHits(indexOfView(view), kqlQuery(query));
  };
  const login = world.documents.find(
    kqlFilter('event.action : "oidc.session.started" and user.id : "alice"'),
  );
  const [trace] = login === undefined ? [] : valuesOf(login, 'trace.id');
  const [span] = login === undefined ? [] : valuesOf(login, 'span.id');
  const together = world.documents.filter(kqlFilter(`trace.id : "${trace}"`)).length;
  expect(together).toBeGreaterThan(1);
  expect(await follow('spanledger-audit', 'trace.id', String(trace))).toBe(together);
  expect(await follow('spanledger-traces', 'trace_id', String(trace))).toBe(together);
  expect(await follow('spanledger-traces', 'span_id', String(span))).toBeGreaterThan(0);
  expect(await follow('spanledger-audit', 'trace.id', 'another')).toBe(0);
});

/** The values of some fields and how many documents have each combination; of one more field, how many values these have. */
async function groupBy(query: string, fields: readonly string[], different?: string): Promise<number[][]> {
  const deepest: JsonObject =
    different === undefined ? {} : { aggs: { different: { cardinality: { field: different } } } };
  const sources = fields.map((field) => ({ [field]: { terms: { field } } }));
  const answer: unknown = await world.client.transport.request({
    method: 'POST',
    path: `/${indexOfView('spanledger-audit')}/_search`,
    body: {
      size: 0,
      query: kqlQuery(query),
      aggs: { groups: { composite: { size: 1000, sources }, ...deepest } },
    },
  });
  const aggregations = isJsonObject(answer) ? answer['aggregations'] : undefined;
  const groups = isJsonObject(aggregations) ? aggregations['groups'] : undefined;
  const buckets = isJsonObject(groups) && Array.isArray(groups['buckets']) ? groups['buckets'] : [];
  return buckets.filter(isJsonObject).map(({ doc_count: count, different: values }) => {
    return [Number(count), isJsonObject(values) ? Number(values['value']) : 0];
  });
}

describe('every alert rule', () => {
  test.each(shippedAlertRules().map(({ rule }) => [rule.name, rule.params] as const))(
    '%s',
    async (name, params) => {
      const { searchConfiguration, termField, thresholdComparator, threshold } = params;
      const { query } = searchConfiguration.query;
      const counts =
        termField === undefined
          ? [await countHits(indexOfView(searchConfiguration.index), kqlQuery(query))]
          : (await groupBy(query, [termField])).map(([count = 0]) => count);
      const [limit] = threshold;
      const firing = counts.filter((count) => (thresholdComparator === '>' ? count > limit : count < limit));
      // There are records, so nothing is silent; all else happened once.
      expect(firing).toHaveLength(name.endsWith('No records') ? 0 : 1);
    },
  );
});

describe('every detection rule', () => {
  test.each(shippedDetectionRules().map((rule) => [rule.name, rule] as const))('%s', async (_name, rule) => {
    if (rule.type === 'threshold') {
      const { field, value, cardinality } = rule.threshold;
      const groups = await groupBy(rule.query, field, cardinality[0]?.field);
      const least = cardinality[0]?.value ?? 0;
      expect(groups.filter(([count = 0, values = 0]) => count >= value && values >= least)).toHaveLength(1);
      expect(groups.length, 'others stay below').toBeGreaterThanOrEqual(1);
    } else if (rule.type === 'new_terms') {
      expect(await groupBy(rule.query, rule.new_terms_fields)).not.toEqual([]);
    } else {
      expect(await countHits(indexOfView('spanledger-audit'), kqlQuery(rule.query))).toBe(
        world.documents.filter(kqlFilter(rule.query)).length,
      );
      expect(world.documents.filter(kqlFilter(rule.query))).not.toEqual([]);
    }
  });
});
