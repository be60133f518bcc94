import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isJsonObject, type JsonObject } from '@spanledger/record';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderFiles } from '../../../kibana/files.ts';
import { runHere } from '../../support/cli/context.ts';
import { elasticsearchCalls } from '../elasticsearch/calls.ts';
import { sharedElasticsearch } from '../elasticsearch/shared.ts';
import { demoRecords } from './demo-records.ts';
import { expectedRows, matching, type Row, valuesAt } from './expected.ts';
import { aggregationsOf, type LensColumn, toLucene } from './lens-request.ts';
import { rareRecords } from './rare-records.ts';

interface Reference {
  id: string;
  name: string;
  type: string;
}

interface SavedObject {
  type: string;
  id: string;
  attributes: JsonObject;
  references: Reference[];
  coreMigrationVersion: string;
  typeMigrationVersion: string;
}

const FILES = renderFiles();
const OBJECTS: SavedObject[] = parseLines('saved-objects.ndjson');
const ALERT_RULES: JsonObject[] = parseLines('alert-rules.ndjson');
const DETECTION_RULES: JsonObject[] = parseLines('detection-rules.ndjson');
const ofType = (type: string) => OBJECTS.filter((object) => object.type === type);

function objectOf(type: string, id: string): SavedObject {
  const found = ofType(type).find((object) => object.id === id);
  if (found === undefined) throw new Error(`there is no ${type} ${id}`);
  return found;
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new Error(`no text: ${JSON.stringify(value)}`);
}

function parseLines<T>(name: string): T[] {
  const lines = (FILES.get(name) ?? '').trimEnd().split('\n');
  return lines.map((line): T => JSON.parse(line));
}

function parseMember(object: JsonObject, name: string): JsonObject {
  const parsed: JsonObject = JSON.parse(textOf(object[name]));
  return parsed;
}

const REQUIRED: Record<string, string[]> = {
  'index-pattern': [
    'title',
    'name',
    'timeFieldName',
    'fieldFormatMap',
    'fields',
    'sourceFilters',
    'runtimeFieldMap',
  ],
  search: [
    'title',
    'description',
    'columns',
    'sort',
    'grid',
    'hideChart',
    'isTextBasedQuery',
    'kibanaSavedObjectMeta',
  ],
  lens: ['title', 'visualizationType', 'state'],
  dashboard: [
    'title',
    'description',
    'panelsJSON',
    'optionsJSON',
    'timeRestore',
    'version',
    'kibanaSavedObjectMeta',
  ],
};
const VERSIONS: Record<string, string> = {
  'index-pattern': '8.0.0',
  search: '10.5.0',
  lens: '8.9.0',
  dashboard: '10.2.0',
};

describe('the files', () => {
  it.each([...FILES.keys()])('%s is what its sources say', async (name) => {
    const text = await readFile(new URL(`../../../kibana/${name}`, import.meta.url), 'utf8');
    expect(text, 'run: node kibana/build.ts').toBe(FILES.get(name));
  });

  it('have objects of the shape that Kibana imports', () => {
    for (const { type, id, attributes, ...object } of OBJECTS) {
      expect(Object.keys(attributes), id).toEqual(expect.arrayContaining(REQUIRED[type] ?? ['unknown type']));
      expect(object).toMatchObject({ coreMigrationVersion: '8.8.0', typeMigrationVersion: VERSIONS[type] });
    }
    expect(new Set(OBJECTS.map(({ type, id }) => `${type} ${id}`)).size).toBe(OBJECTS.length);
    for (const { attributes } of ofType('dashboard')) {
      expect(Object.keys(parseMember(attributes, 'optionsJSON'))).toContain('useMargins');
      const panels: JsonObject[] = JSON.parse(textOf(attributes['panelsJSON']));
      for (const { gridData } of panels) {
        expect(gridData).toMatchObject({
          x: expect.any(Number),
          y: expect.any(Number),
          i: expect.any(String),
        });
      }
    }
  });

  it('refer to nothing that is not in them', () => {
    const known = new Set(OBJECTS.map(({ type, id }) => `${type} ${id}`));
    for (const { id, references } of OBJECTS) {
      for (const reference of references) expect(known, id).toContain(`${reference.type} ${reference.id}`);
    }
    for (const { attributes, references } of ofType('dashboard')) {
      const panels: JsonObject[] = JSON.parse(textOf(attributes['panelsJSON']));
      const wanted = panels.map(
        ({ panelIndex, panelRefName }) => `${textOf(panelIndex)}:${textOf(panelRefName)}`,
      );
      expect(references.map(({ name }) => name)).toEqual(wanted);
    }
    for (const { attributes, references } of ofType('lens')) {
      const [layer] = Object.keys(layersOf(attributes));
      expect(references.map(({ name }) => name)).toEqual([`indexpattern-datasource-layer-${layer}`]);
    }
    for (const { attributes, references } of ofType('search')) {
      const { indexRefName } = parseMember(Object(attributes['kibanaSavedObjectMeta']), 'searchSourceJSON');
      expect(references.map(({ name }) => name)).toEqual([indexRefName]);
    }
    // Links lead to dashboards and data views that are there.
    for (const { attributes } of ofType('index-pattern')) {
      for (const [, id = ''] of textOf(attributes['fieldFormatMap']).matchAll(
        /(?:view\/|dataViewId:)([\w-]+)/g,
      ))
        expect([...known].map((name) => name.split(' ')[1])).toContain(id);
    }
    for (const rule of ALERT_RULES) {
      const { index } = Object(Object(rule['params']).searchConfiguration);
      expect(known).toContain(`index-pattern ${index}`);
    }
  });

  it('lead from a record to its trace and back', () => {
    const formats = Object.fromEntries(
      ofType('index-pattern').map(({ id, attributes }) => [id, parseMember(attributes, 'fieldFormatMap')]),
    );
    expect(JSON.stringify(formats['spanledger-audit']?.['trace.id'])).toContain(
      'dataViewId:spanledger-traces',
    );
    expect(JSON.stringify(formats['spanledger-traces']?.['trace_id'])).toContain(
      'dataViewId:spanledger-audit',
    );
  });
});

describe('what they ask a real Elasticsearch', () => {
  const namespace = `kibana_${randomBytes(6).toString('hex')}`;
  const stream = `logs-spanledger.audit-${namespace}`;
  let call: ReturnType<typeof elasticsearchCalls>;
  let records: JsonObject[];
  let fields: ReadonlyMap<string, string>;

  beforeAll(async () => {
    const [url, demo] = await Promise.all([sharedElasticsearch(), demoRecords()]);
    call = elasticsearchCalls(url);
    records = [...demo, ...rareRecords(demo)];
    const { status, stderr } = await runHere([
      'setup',
      'elasticsearch',
      '--url',
      url,
      '--namespace',
      namespace,
    ]);
    if (status !== 0) throw new Error(stderr);
    const lines = records.flatMap((record, index) => [{ create: { _id: String(index) } }, record]);
    const body = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    const headers = { 'content-type': 'application/x-ndjson' };
    const answer = await fetch(`${url}/${stream}/_bulk?refresh=true`, { method: 'POST', headers, body });
    const { errors }: { errors: boolean } = JSON.parse(await answer.text());
    if (errors) throw new Error('documents were refused');
    const mapping = Object.values(Object((await call('GET', `/${stream}/_mapping`)).body))[0];
    fields = fieldsOf(Object(Object(mapping).mappings).properties);
  });

  afterAll(async () => {
    await call('DELETE', `/_data_stream/logs-spanledger.*-${namespace}`);
    await call('DELETE', `/spanledger.sessions-${namespace}`);
    for (const name of ['audit', 'alerts', 'sessions'])
      await call('DELETE', `/_index_template/spanledger.${name}-${namespace}`);
    await call('DELETE', `/_component_template/spanledger*-${namespace}*`);
  });

  /** As Kibana asks: the question, and the aggregations of a layer. */
  async function ask(kql: string, columns: ReadonlyMap<string, LensColumn> = new Map()): Promise<Row[]> {
    const query = kql === '' ? { match_all: {} } : { query_string: { query: toLucene(kql) } };
    const aggs = aggregationsOf(columns);
    const answer = await call('POST', `/${stream}/_search`, { size: 0, track_total_hits: true, query, aggs });
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    const { hits, aggregations = {} } = Object(answer.body);
    return rowsOf({ doc_count: hits.total.value, ...aggregations }, [...columns], []);
  }

  it('has every path of a demo’s documents in the mapping, by its own name', () => {
    const unmapped = new Set<string>();
    for (const record of records)
      for (const path of leavesOf(record, fields)) if (!fields.has(path)) unmapped.add(path);
    expect([...unmapped]).toEqual([]);
  });

  it.each(ofType('search').map(({ id }) => id))(
    'search %s finds what it says, and shows fields that exist',
    async (id) => {
      const { attributes } = objectOf('search', id);
      const source = parseMember(Object(attributes['kibanaSavedObjectMeta']), 'searchSourceJSON');
      const kql = String(Object(source['query']).query);
      const expected = matching(records, kql);
      expect(expected.length).toBeGreaterThan(0);
      expect((await ask(kql))[0]?.count).toBe(expected.length);
      const columns = attributes['columns'];
      for (const column of Array.isArray(columns) ? columns : [])
        expect([...fields.keys()]).toContain(column);
    },
  );

  it.each(ofType('lens').map(({ id }) => id))('panel %s has numbers, and they are right', async (id) => {
    const { attributes } = objectOf('lens', id);
    const kql = String(Object(Object(attributes['state']).query).query);
    const columns = new Map(
      Object.values(layersOf(attributes)).flatMap((layer) =>
        layer.columnOrder.map((name): [string, LensColumn] => {
          const column = layer.columns[name];
          if (column === undefined) throw new Error(`no column ${name}`);
          return [name, column];
        }),
      ),
    );
    for (const { sourceField } of columns.values()) {
      if (sourceField !== '___records___') expect([...fields.keys()]).toContain(sourceField);
    }
    const expected = expectedRows(matching(records, kql), columns);
    expect(expected.size).toBeGreaterThan(0);
    const rows = await ask(kql, columns);
    expect(rows.length).toBe(expected.size);
    for (const row of rows) expect(row).toEqual(expected.get(JSON.stringify(row.keys)));
  });

  it.each(DETECTION_RULES.map((rule) => textOf(rule['rule_id'])))(
    'rule %s fires where it should',
    async (id) => {
      const rule = DETECTION_RULES.find((candidate) => candidate['rule_id'] === id) ?? {};
      const kql = textOf(rule['query']);
      const { field, value } = Object(rule['threshold']);
      const [name] = field;
      const column: LensColumn = {
        isBucketed: true,
        operationType: 'terms',
        sourceField: name,
        params: { size: 100 },
      };
      const rows = (await ask(kql, new Map([['by', column]]))).filter(({ count }) => count >= value);
      const counts = new Map<string, number>();
      for (const record of matching(records, kql))
        for (const key of valuesAt(record, name).map(textOf)) counts.set(key, (counts.get(key) ?? 0) + 1);
      const expected = [...counts].filter(([, count]) => count >= value);
      expect(expected.length).toBeGreaterThan(0);
      expect(new Map(rows.map(({ keys, count }) => [keys[0] ?? '', count]))).toEqual(new Map(expected));
      const twin = ALERT_RULES.find((candidate) => candidate['id'] === id);
      expect(twin).toMatchObject({
        params: { searchConfiguration: { query: { query: kql } }, termField: name, threshold: [value] },
      });
    },
  );
});

interface Layer {
  columnOrder: string[];
  columns: Record<string, LensColumn>;
}

function layersOf(attributes: JsonObject): Record<string, Layer> {
  const layers: Record<string, Layer> = Object(attributes['state']).datasourceStates.formBased.layers;
  return layers;
}

function rowsOf(
  bucket: Record<string, unknown>,
  columns: readonly [string, LensColumn][],
  keys: readonly string[],
): Row[] {
  const index = columns.findIndex(([, { isBucketed }]) => isBucketed);
  const found = columns[index];
  if (found === undefined) {
    const metrics: Record<string, number> = {};
    for (const [id, { operationType }] of columns)
      if (operationType !== 'count') metrics[id] = Number(Object(bucket[id]).value);
    return [{ keys: [...keys], count: Number(bucket['doc_count']), metrics }];
  }
  const rest = columns.filter((column) => column !== found);
  const inner: Record<string, unknown>[] = Object(bucket[found[0]]).buckets;
  return inner.flatMap((each) => rowsOf(each, rest, [...keys, String(each['key'])]));
}

/** Types by path, of every field that is mapped by its own name. */
function fieldsOf(properties: unknown, prefix = ''): Map<string, string> {
  const fields = new Map<string, string>();
  for (const [name, field] of Object.entries(Object(properties))) {
    const path = `${prefix}${name}`;
    if (isJsonObject(field) && isJsonObject(field['properties'])) {
      for (const [inner, type] of fieldsOf(field['properties'], `${path}.`)) fields.set(inner, type);
    } else fields.set(path, String(Object(field).type));
  }
  return fields;
}

/** The paths of a document down to what is mapped, or to a value. */
function leavesOf(value: JsonObject, fields: ReadonlyMap<string, string>, prefix = ''): string[] {
  return Object.entries(value).flatMap(([name, member]) => {
    const path = `${prefix}${name}`;
    return isJsonObject(member) && !fields.has(path) ? leavesOf(member, fields, `${path}.`) : [path];
  });
}
