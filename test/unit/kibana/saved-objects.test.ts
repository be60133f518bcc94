import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { shippedFiles } from '../../../kibana/files.ts';
import { fieldsOf, parseKql } from '../../support/kibana/kql.ts';
import { mappedFields } from '../../support/kibana/mapped-fields.ts';
import {
  changeLine,
  layerOf,
  parseObject,
  readLines,
  type ShippedObject,
  shippedObjects,
} from '../../support/kibana/shipped-objects.ts';

const objects = shippedObjects();
const byId = new Map(objects.map((object) => [object.id, object]));
/** Types whose values Elasticsearch can put into buckets and compare. */
const AGGREGATABLE = new Set([
  'keyword',
  'long',
  'integer',
  'boolean',
  'date',
  'date_nanos',
  'ip',
  'flattened',
]);

test.each(Object.entries(shippedFiles()))('%s is what its sources make', async (name, text) => {
  const committed = await readFile(new URL(`../../../kibana/${name}`, import.meta.url), 'utf8');
  expect(committed, 'run "npm run kibana"').toBe(text);
});

test('the last line is the summary of an export', () => {
  expect(readLines('spanledger.ndjson').at(-1)).toEqual({
    excludedObjects: [],
    excludedObjectsCount: 0,
    exportedCount: objects.length,
    missingRefCount: 0,
    missingReferences: [],
  });
});

test('everything that users were promised is there, once', () => {
  const titles = objects.map(({ attributes }) => attributes.title);
  for (const title of [
    'logs-spanledger.audit-*',
    'logs-spanledger.alerts-*',
    'traces-*.otel-*',
    '[Spanledger] Failed logins',
    '[Spanledger] Privileged actions',
    '[Spanledger] Use after logout',
    '[Spanledger] Scope mismatches',
    '[Spanledger] Overview',
    '[Spanledger] One session',
    '[Spanledger] One person',
    '[Spanledger] Compliance summary',
    '[Spanledger] Integrity status',
  ])
    expect(titles).toContain(title);
  expect(byId.size).toBe(objects.length);
});

test.each([
  ['a member that Kibana does not know', { more: 1 }],
  ['options that are no string', { optionsJSON: {} }],
  ['panels that are no JSON', { panelsJSON: '[' }],
])('the schema refuses %s', (_name, change) => {
  const dashboard = readLines('spanledger.ndjson').find(({ type }) => type === 'dashboard');
  expect(parseObject(dashboard).type).toBe('dashboard');
  expect(() => parseObject(changeLine(dashboard, 'attributes', change))).toThrow();
});

/** The names under which an object asks for others, and of which type these must be. */
function wantedReferences(object: ShippedObject): [name: string, type: string][] {
  switch (object.type) {
    case 'index-pattern':
      return [];
    case 'search':
      return [
        [object.attributes.kibanaSavedObjectMeta.searchSourceJSON.indexRefName ?? 'none', 'index-pattern'],
      ];
    case 'lens':
      return Object.keys(object.attributes.state.datasourceStates.formBased.layers).map((layerId) => [
        `indexpattern-datasource-layer-${layerId}`,
        'index-pattern',
      ]);
    case 'dashboard': {
      const { panelsJSON: panels, controlGroupInput: controls } = object.attributes;
      return [
        ...panels.flatMap(({ panelIndex, panelRefName, type, embeddableConfig }): [string, string][] => {
          const events = embeddableConfig.enhancements.dynamicActions?.events ?? [];
          return [
            [`${panelIndex}:${panelRefName}`, type],
            ...events.map(({ eventId, action }): [string, string] => [
              `${panelIndex}:drilldown:${action.factoryId}:${eventId}:dashboardId`,
              'dashboard',
            ]),
          ];
        }),
        ...Object.values(controls?.panelsJSON ?? {}).map(({ explicitInput }): [string, string] => [
          explicitInput.dataViewRefName,
          'index-pattern',
        ]),
      ];
    }
  }
}

test.each(objects.map((object) => [object.id, object] as const))(
  '%s refers to what there is',
  (_id, object) => {
    const wanted = wantedReferences(object);
    const named = object.references.map(({ name, type }) => [name, type]);
    expect(named).toHaveLength(wanted.length);
    expect(named).toEqual(expect.arrayContaining(wanted));
    for (const { id, type } of object.references) expect(byId.get(id)?.type, id).toBe(type);
  },
);

/** The data view that an object's fields are those of. */
function dataViewOf(object: ShippedObject): string {
  const { id = object.id } = object.references.find(({ type }) => type === 'index-pattern') ?? {};
  return id;
}

/** Every field that an object names. */
function namedFields(object: ShippedObject): { shown: string[]; counted: string[] } {
  switch (object.type) {
    case 'index-pattern': {
      const { fieldFormatMap, fieldAttrs } = object.attributes;
      return { shown: [...Object.keys(fieldFormatMap), ...Object.keys(fieldAttrs)], counted: [] };
    }
    case 'search': {
      const { kibanaSavedObjectMeta, columns, sort } = object.attributes;
      const asked = fieldsOf(parseKql(kibanaSavedObjectMeta.searchSourceJSON.query.query));
      return { shown: columns, counted: [...asked, ...sort.map(([field]) => field)] };
    }
    case 'lens': {
      const columns = Object.values(layerOf(object).columns);
      const asked = [
        object.attributes.state.query.query,
        ...columns.flatMap((column) => ('filter' in column && column.filter ? [column.filter.query] : [])),
        ...columns.flatMap((column) =>
          column.operationType === 'filters' ? column.params.filters.map(({ input }) => input.query) : [],
        ),
      ];
      const sources = columns.flatMap((column) => ('sourceField' in column ? [column.sourceField] : []));
      return {
        shown: [],
        counted: [
          ...asked.flatMap((text) => fieldsOf(parseKql(text))),
          ...sources.filter((field) => field !== '___records___'),
        ],
      };
    }
    case 'dashboard': {
      const controls = Object.values(object.attributes.controlGroupInput?.panelsJSON ?? {});
      return { shown: [], counted: controls.map(({ explicitInput }) => explicitInput.fieldName) };
    }
  }
}

test.each(objects.map((object) => [object.id, object] as const))(
  '%s names fields that there are',
  (_id, object) => {
    const fields = mappedFields(dataViewOf(object));
    const { shown, counted } = namedFields(object);
    for (const field of [...shown, ...counted]) expect([...fields.keys()]).toContain(field);
    for (const field of counted) expect(AGGREGATABLE, field).toContain(fields.get(field));
  },
);

test.each(objects.filter((object) => object.type === 'lens').map((object) => [object.id, object] as const))(
  '%s draws the columns that it has',
  (_id, object) => {
    const layer = layerOf(object);
    const { visualization, datasourceStates } = object.attributes.state;
    const [layerId] = Object.keys(datasourceStates.formBased.layers);
    const text = JSON.stringify(visualization);
    expect(text).toContain(JSON.stringify(layerId));
    expect(Object.keys(layer.columns)).toEqual(layer.columnOrder);
    for (const name of layer.columnOrder) expect(text).toContain(JSON.stringify(name));
    const kinds = layer.columnOrder.map((name) => layer.columns[name]?.isBucketed);
    expect(kinds, 'buckets first').toEqual(kinds.toSorted((a, b) => Number(b) - Number(a)));
    for (const column of Object.values(layer.columns)) {
      if (column.operationType === 'terms')
        expect(layer.columns[column.params.orderBy.columnId]?.operationType).toBe('count');
    }
  },
);

test.each(objects.filter(({ type }) => type === 'dashboard').map((object) => [object.id, object] as const))(
  '%s has its panels side by side',
  (_id, object) => {
    if (object.type !== 'dashboard') return;
    const grids = object.attributes.panelsJSON.map(({ gridData }) => gridData);
    expect(grids.map(({ i }) => i)).toEqual(object.attributes.panelsJSON.map(({ panelIndex }) => panelIndex));
    for (const [at, { i, x, y, w, h }] of grids.entries()) {
      expect(x + w).toBeLessThanOrEqual(48);
      const overlapping = grids
        .slice(at + 1)
        .filter(
          (other) => x < other.x + other.w && other.x < x + w && y < other.y + other.h && other.y < y + h,
        );
      expect(overlapping, i).toEqual([]);
    }
  },
);

test('every visualization and search of the audit trail is on a dashboard', () => {
  const shown = new Set(
    objects.flatMap(({ type, references }) => (type === 'dashboard' ? references.map(({ id }) => id) : [])),
  );
  const missing = objects.filter(({ id, type }) => ['lens', 'search'].includes(type) && !shown.has(id));
  expect(missing.map(({ id }) => id)).toEqual(['spanledger-search-spans']);
});

test('links lead from a record to its trace and back, to its session and its person', () => {
  const links = objects.flatMap((object) => {
    if (object.type !== 'index-pattern') return [];
    return Object.entries(object.attributes.fieldFormatMap).flatMap(([field, format]) =>
      format.id === 'url' ? [[`${object.id} ${field}`, format.params.urlTemplate] as const] : [],
    );
  });
  const targets = links.map(([from, url]) => {
    const [, view, dashboard] = /dataViewId:([a-z-]+)|dashboards#\/view\/([a-z-]+)/.exec(url) ?? [];
    const [, field = ''] = /query:'([a-z_@.]+):%22\{\{value\}\}%22'/.exec(url) ?? [];
    const target = view ?? dashboard ?? '';
    expect(byId.has(target), url).toBe(true);
    expect([...mappedFields(view ?? 'spanledger-audit').keys()]).toContain(field);
    expect(url).toMatch(/^\.\.\/app\/(discover|dashboards)#\//);
    return [from, `${target} ${field}`];
  });
  expect(Object.fromEntries(targets)).toMatchObject({
    'spanledger-audit trace.id': 'spanledger-traces trace_id',
    'spanledger-traces trace_id': 'spanledger-audit trace.id',
    'spanledger-traces span_id': 'spanledger-audit span.id',
    'spanledger-audit audit.session.id': 'spanledger-session audit.session.id',
    'spanledger-audit user.id': 'spanledger-person user.id',
    'spanledger-alerts trace.id': 'spanledger-traces trace_id',
  });
});
