import { AUDIT_VIEW } from './data-views.ts';
import type { SavedObject } from './saved-object.ts';

/** What a panel counts. */
export type Metric =
  | { metric: 'count' }
  | { metric: 'unique_count' | 'sum'; field: string }
  | { metric: 'max'; field: string; isDate?: boolean };

/** What a panel divides by. */
export type Bucket = { by: 'time' } | { by: 'terms'; field: string; size?: number };

/** A panel as its author thinks of it. */
export interface Panel {
  id: string;
  title: string;
  /** `metric`: one number; `bars`: over the first bucket, coloured by the second; `table`: a row a bucket. */
  kind: 'metric' | 'bars' | 'table';
  /** KQL. */
  query: string;
  buckets?: readonly Bucket[];
  metrics: readonly [Metric, ...Metric[]];
}

const LAYER = 'layer';
const DEFAULT_TERMS = 25;

/** The saved object of a panel. */
export function renderPanel(panel: Panel): SavedObject {
  const { id, title, query, buckets = [], metrics } = panel;
  const bucketIds = buckets.map((_bucket, index) => `bucket-${index}`);
  const metricIds = metrics.map((_metric, index) => `metric-${index}`);
  const columns = Object.fromEntries([
    ...buckets.map((bucket, index) => [bucketIds[index], bucketColumn(bucket)]),
    ...metrics.map((metric, index) => [metricIds[index], metricColumn(metric)]),
  ]);
  const layer = { columnOrder: [...bucketIds, ...metricIds], columns, incompleteColumns: {}, sampling: 1 };
  const name = `indexpattern-datasource-layer-${LAYER}`;
  return {
    type: 'lens',
    id,
    attributes: {
      title: `[Audit] ${title}`,
      description: '',
      visualizationType: { metric: 'lnsMetric', bars: 'lnsXY', table: 'lnsDatatable' }[panel.kind],
      state: {
        adHocDataViews: {},
        internalReferences: [],
        filters: [],
        query: { query, language: 'kuery' },
        datasourceStates: { formBased: { layers: { [LAYER]: layer } }, textBased: { layers: {} } },
        visualization: visualization(panel.kind, bucketIds, metricIds),
      },
    },
    references: [{ id: AUDIT_VIEW, name, type: 'index-pattern' }],
  };
}

function visualization(
  kind: Panel['kind'],
  bucketIds: readonly string[],
  metricIds: readonly string[],
): Record<string, unknown> {
  const layer = { layerId: LAYER, layerType: 'data' };
  if (kind === 'metric') return { ...layer, metricAccessor: metricIds[0] };
  if (kind === 'table') {
    return { ...layer, columns: [...bucketIds, ...metricIds].map((columnId) => ({ columnId })) };
  }
  const [xAccessor, splitAccessor] = bucketIds;
  const series = { ...layer, accessors: metricIds, seriesType: 'bar_stacked', xAccessor };
  return {
    layers: [splitAccessor === undefined ? series : { ...series, splitAccessor }],
    legend: { isVisible: splitAccessor !== undefined, position: 'right' },
    preferredSeriesType: 'bar_stacked',
    valueLabels: 'hide',
  };
}

function bucketColumn(bucket: Bucket): Record<string, unknown> {
  if (bucket.by === 'time') {
    return {
      dataType: 'date',
      isBucketed: true,
      label: '@timestamp',
      operationType: 'date_histogram',
      params: { dropPartials: false, includeEmptyRows: true, interval: 'auto' },
      scale: 'interval',
      sourceField: '@timestamp',
    };
  }
  return {
    dataType: 'string',
    isBucketed: true,
    label: bucket.field,
    operationType: 'terms',
    params: {
      size: bucket.size ?? DEFAULT_TERMS,
      orderBy: { type: 'column', columnId: 'metric-0' },
      orderDirection: 'desc',
      otherBucket: false,
      missingBucket: false,
      parentFormat: { id: 'terms' },
    },
    scale: 'ordinal',
    sourceField: bucket.field,
  };
}

function metricColumn(metric: Metric): Record<string, unknown> {
  const common = { isBucketed: false, customLabel: true, scale: 'ratio' };
  if (metric.metric === 'count') {
    const params = { emptyAsNull: false };
    return {
      ...common,
      dataType: 'number',
      label: 'Records',
      operationType: 'count',
      params,
      sourceField: '___records___',
    };
  }
  const isDate = metric.metric === 'max' && metric.isDate === true;
  return {
    ...common,
    dataType: isDate ? 'date' : 'number',
    label: isDate ? 'Last' : metric.field,
    operationType: metric.metric,
    params: metric.metric === 'max' ? {} : { emptyAsNull: false },
    sourceField: metric.field,
  };
}
