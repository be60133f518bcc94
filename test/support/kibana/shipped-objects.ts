import { readFileSync } from 'node:fs';
import { isJsonObject, type JsonObject } from '@spanledger/record';
import { z } from 'zod';

const json = <Inner extends z.ZodType>(inner: Inner) =>
  z.preprocess((text, context) => {
    try {
      if (typeof text === 'string') return JSON.parse(text);
    } catch {
      // Said below.
    }
    context.addIssue({ code: 'custom', message: 'must be JSON in a string' });
    return z.NEVER;
  }, inner);

const query = z.strictObject({ language: z.literal('kuery'), query: z.string() });
const empty = z.strictObject({});
const id = z.string().regex(/^spanledger-[a-z-]+$/);

const searchSource = z.strictObject({
  query,
  filter: z.array(z.never()),
  indexRefName: z.literal('kibanaSavedObjectMeta.searchSourceJSON.index').optional(),
});

const object = <Type extends string, Attributes extends z.ZodType>(
  type: Type,
  version: string,
  attributes: Attributes,
) =>
  z.strictObject({
    attributes,
    coreMigrationVersion: z.literal('8.8.0'),
    id,
    managed: z.literal(false),
    references: z.array(z.strictObject({ id, name: z.string().min(1), type: z.string() })),
    type: z.literal(type),
    typeMigrationVersion: z.literal(version),
  });

const fieldFormat = z.discriminatedUnion('id', [
  z.strictObject({
    id: z.literal('url'),
    params: z.strictObject({
      type: z.literal('a'),
      urlTemplate: z.string(),
      labelTemplate: z.string(),
      openLinkInCurrentTab: z.boolean(),
    }),
  }),
  z.strictObject({
    id: z.literal('duration'),
    params: z.strictObject({
      inputFormat: z.literal('nanoseconds'),
      outputFormat: z.literal('humanizePrecise'),
      outputPrecision: z.int(),
      useShortSuffix: z.boolean(),
    }),
  }),
]);

const dataView = object(
  'index-pattern',
  '8.0.0',
  z.strictObject({
    allowHidden: z.literal(false),
    fieldAttrs: json(
      z.record(
        z.string(),
        z.strictObject({ customLabel: z.string(), customDescription: z.string().max(300) }),
      ),
    ),
    fieldFormatMap: json(z.record(z.string(), fieldFormat)),
    fields: json(z.array(z.never())),
    name: z.string(),
    runtimeFieldMap: json(empty),
    sourceFilters: json(z.array(z.never())),
    timeFieldName: z.literal('@timestamp'),
    title: z.string(),
  }),
);

const search = object(
  'search',
  '10.5.0',
  z.strictObject({
    columns: z.array(z.string()).min(1),
    description: z.string().min(1),
    grid: empty,
    hideChart: z.boolean(),
    isTextBasedQuery: z.literal(false),
    kibanaSavedObjectMeta: z.strictObject({ searchSourceJSON: json(searchSource) }),
    sort: z.array(z.tuple([z.string(), z.enum(['asc', 'desc'])])),
    timeRestore: z.literal(false),
    title: z.string(),
  }),
);

const columnBase = {
  label: z.string().min(1),
  customLabel: z.literal(true),
  sourceField: z.string(),
};
const metricBase = { ...columnBase, isBucketed: z.literal(false), filter: query.optional() };
const bucketBase = { ...columnBase, isBucketed: z.literal(true) };
const numeric = { dataType: z.literal('number'), scale: z.literal('ratio') };
const metric = <Name extends string>(operationType: Name, params: z.ZodType) =>
  z.strictObject({ ...metricBase, ...numeric, operationType: z.literal(operationType), params });
const extreme = <Name extends string>(operationType: Name) =>
  z.strictObject({
    ...metricBase,
    dataType: z.enum(['number', 'date']),
    scale: z.enum(['ratio', 'interval']),
    operationType: z.literal(operationType),
    params: empty,
  });

const column = z.discriminatedUnion('operationType', [
  metric('count', z.strictObject({ emptyAsNull: z.boolean() })),
  metric('unique_count', z.strictObject({ emptyAsNull: z.boolean() })),
  metric('sum', z.strictObject({ emptyAsNull: z.boolean() })),
  extreme('max'),
  extreme('min'),
  z.strictObject({
    ...metricBase,
    ...numeric,
    operationType: z.literal('percentile'),
    params: z.strictObject({ percentile: z.int().min(1).max(99) }),
  }),
  z.strictObject({
    ...metricBase,
    filter: query,
    dataType: z.literal('string'),
    scale: z.literal('ordinal'),
    operationType: z.literal('last_value'),
    params: z.strictObject({ showArrayValues: z.literal(false), sortField: z.literal('@timestamp') }),
  }),
  z.strictObject({
    ...bucketBase,
    dataType: z.enum(['string', 'number']),
    scale: z.literal('ordinal'),
    operationType: z.literal('terms'),
    params: z.strictObject({
      exclude: z.tuple([]),
      excludeIsRegex: z.literal(false),
      include: z.tuple([]),
      includeIsRegex: z.literal(false),
      missingBucket: z.literal(false),
      orderBy: z.strictObject({ columnId: z.string(), type: z.literal('column') }),
      orderDirection: z.literal('desc'),
      otherBucket: z.literal(false),
      parentFormat: z.strictObject({ id: z.literal('terms') }),
      size: z.int().min(1).max(1000),
    }),
  }),
  z.strictObject({
    ...bucketBase,
    dataType: z.literal('date'),
    scale: z.literal('interval'),
    operationType: z.literal('date_histogram'),
    params: z.strictObject({
      dropPartials: z.literal(false),
      includeEmptyRows: z.literal(true),
      interval: z.literal('auto'),
    }),
  }),
  z
    .strictObject({
      ...bucketBase,
      dataType: z.literal('string'),
      scale: z.literal('ordinal'),
      operationType: z.literal('filters'),
      params: z.strictObject({
        filters: z.array(z.strictObject({ input: query, label: z.string() })).min(1),
      }),
    })
    .omit({ sourceField: true }),
]);

const layer = z.strictObject({
  columnOrder: z.array(z.string()).min(1),
  columns: z.record(z.string(), column),
  ignoreGlobalFilters: z.literal(false),
  incompleteColumns: empty,
  sampling: z.literal(1),
});

const data = { layerId: z.string(), layerType: z.literal('data') };
const drawing = {
  lnsMetric: z.strictObject({ ...data, metricAccessor: z.string() }),
  lnsDatatable: z.strictObject({
    ...data,
    columns: z.array(z.strictObject({ columnId: z.string() })),
    paging: z.strictObject({ enabled: z.boolean(), size: z.int() }),
  }),
  lnsXY: z.strictObject({
    layers: z.tuple([
      z.strictObject({
        ...data,
        accessors: z.array(z.string()).min(1),
        seriesType: z.enum(['bar_stacked', 'line']),
        splitAccessor: z.string().optional(),
        xAccessor: z.string(),
      }),
    ]),
    legend: z.strictObject({ isVisible: z.boolean(), position: z.literal('right') }),
    preferredSeriesType: z.enum(['bar_stacked', 'line']),
    valueLabels: z.literal('hide'),
  }),
  lnsPie: z.strictObject({
    layers: z.tuple([
      z.strictObject({
        ...data,
        categoryDisplay: z.literal('default'),
        legendDisplay: z.literal('default'),
        metrics: z.array(z.string()).min(1),
        nestedLegend: z.boolean(),
        numberDisplay: z.literal('percent'),
        primaryGroups: z.array(z.string()).min(1),
      }),
    ]),
    shape: z.literal('donut'),
  }),
};

const lensAttributes = <Type extends keyof typeof drawing>(type: Type) =>
  z.strictObject({
    description: z.string(),
    state: z.strictObject({
      adHocDataViews: empty,
      datasourceStates: z.strictObject({
        formBased: z.strictObject({ layers: z.record(z.string(), layer) }),
        textBased: z.strictObject({ layers: empty }),
      }),
      filters: z.array(z.never()),
      internalReferences: z.array(z.never()),
      query,
      visualization: drawing[type],
    }),
    title: z.string(),
    visualizationType: z.literal(type),
  });

const lens = object(
  'lens',
  '8.9.0',
  z.discriminatedUnion('visualizationType', [
    lensAttributes('lnsMetric'),
    lensAttributes('lnsDatatable'),
    lensAttributes('lnsXY'),
    lensAttributes('lnsPie'),
  ]),
);

const drilldownEvent = z.strictObject({
  action: z.strictObject({
    config: z.strictObject({
      openInNewTab: z.boolean(),
      useCurrentDateRange: z.boolean(),
      useCurrentFilters: z.boolean(),
    }),
    factoryId: z.literal('DASHBOARD_TO_DASHBOARD_DRILLDOWN'),
    name: z.string(),
  }),
  eventId: z.string(),
  triggers: z.tuple([z.literal('FILTER_TRIGGER')]),
});

const panel = z.strictObject({
  embeddableConfig: z.strictObject({
    enhancements: z.strictObject({
      dynamicActions: z.strictObject({ events: z.array(drilldownEvent).min(1) }).optional(),
    }),
  }),
  gridData: z.strictObject({
    h: z.int().min(1),
    i: z.string(),
    w: z.int().min(1).max(48),
    x: z.int().min(0),
    y: z.int().min(0),
  }),
  panelIndex: z.string(),
  panelRefName: z.string(),
  type: z.enum(['lens', 'search']),
});

const control = z.strictObject({
  explicitInput: z.strictObject({
    dataViewRefName: z.string(),
    fieldName: z.string(),
    id: z.string(),
    searchTechnique: z.literal('prefix'),
    selectedOptions: z.array(z.never()),
    sort: z.strictObject({ by: z.literal('_count'), direction: z.literal('desc') }),
    title: z.string(),
  }),
  grow: z.boolean(),
  order: z.int(),
  type: z.literal('optionsListControl'),
  width: z.enum(['small', 'medium', 'large']),
});

const dashboard = object(
  'dashboard',
  '10.2.0',
  z.strictObject({
    controlGroupInput: z
      .strictObject({
        chainingSystem: z.literal('HIERARCHICAL'),
        controlStyle: z.literal('oneLine'),
        ignoreParentSettingsJSON: json(
          z.strictObject({
            ignoreFilters: z.boolean(),
            ignoreQuery: z.boolean(),
            ignoreTimerange: z.boolean(),
            ignoreValidations: z.boolean(),
          }),
        ),
        panelsJSON: json(z.record(z.string(), control)),
        showApplySelections: z.boolean(),
      })
      .optional(),
    description: z.string().min(1),
    kibanaSavedObjectMeta: z.strictObject({ searchSourceJSON: json(searchSource) }),
    optionsJSON: json(
      z.strictObject({
        hidePanelTitles: z.boolean(),
        syncColors: z.boolean(),
        syncCursor: z.boolean(),
        syncTooltips: z.boolean(),
        useMargins: z.boolean(),
      }),
    ),
    panelsJSON: json(z.array(panel).min(1)),
    timeRestore: z.literal(false),
    title: z.string(),
    version: z.literal(1),
  }),
);

const shippedObject = z.discriminatedUnion('type', [dataView, search, lens, dashboard]);

/** A saved object as Kibana takes it in, with what stands in its strings. */
export type ShippedObject = z.infer<typeof shippedObject>;
/** A Lens visualization. */
export type ShippedLens = z.infer<typeof lens>;
/** A layer of one. */
export type LensLayer = z.infer<typeof layer>;
/** A column of a layer. */
export type LensColumn = z.infer<typeof column>;

/** Where the shipped files are. */
const FOLDER = new URL('../../../kibana/', import.meta.url);

/** The lines of a shipped file, as JSON. */
export function readLines(name: string): JsonObject[] {
  const text = readFileSync(new URL(name, FOLDER), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const value: unknown = JSON.parse(line);
      if (!isJsonObject(value)) throw new Error(`${name}: no object: ${line}`);
      return value;
    });
}

/** A line with some members of one of its objects changed. */
export function changeLine(line: JsonObject | undefined, name: string, changes: JsonObject): JsonObject {
  const before = line?.[name];
  return { ...line, [name]: { ...(isJsonObject(before) ? before : {}), ...changes } };
}

/** Takes one saved object in, as strictly as Kibana: no member more, none less. */
export function parseObject(value: unknown): ShippedObject {
  return shippedObject.parse(value);
}

/** The saved objects of `spanledger.ndjson`, without its last line. */
export function shippedObjects(): ShippedObject[] {
  return readLines('spanledger.ndjson').slice(0, -1).map(parseObject);
}

/** The only layer of a visualization. */
export function layerOf(visualization: ShippedLens): LensLayer {
  const [only, ...more] = Object.values(visualization.attributes.state.datasourceStates.formBased.layers);
  if (only === undefined || more.length > 0) throw new Error(`${visualization.id} has not one layer`);
  return only;
}
