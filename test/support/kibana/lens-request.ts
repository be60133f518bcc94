import type { Client } from '@elastic/elasticsearch';
import { isJsonObject, type JsonObject } from '@spanledger/record';
import { kqlQuery } from './kql-query.ts';
import { compareRows, type Row, type RowValue } from './lens-rows.ts';
import { layerOf, type LensColumn, type LensLayer, type ShippedLens } from './shipped-objects.ts';

/** The width of the buckets of time that Kibana would choose for the range of the test's documents. */
export const INTERVAL_SECONDS = 1;
/** A filtered column's own aggregation inside its filter. */
const INSIDE = 'inside';

/** Asks Elasticsearch what Kibana would ask for a visualization. */
export async function runLens(client: Client, index: string, lens: ShippedLens): Promise<Row[]> {
  const layer = layerOf(lens);
  const answer = await client.transport.request({
    method: 'POST',
    path: `/${index}/_search`,
    body: {
      size: 0,
      query: kqlQuery(lens.attributes.state.query.query),
      // A bucket around what has none of its own.
      aggs: { all: { filter: { match_all: {} }, aggs: aggregationsOf(layer, layer.columnOrder) } },
    },
  });
  const all = member(member(answer)['aggregations'])['all'];
  return [...rowsOf(layer, layer.columnOrder, member(all), {})].sort(compareRows(layer));
}

function aggregationsOf(layer: LensLayer, order: readonly string[]): JsonObject {
  const [name = '', ...rest] = order;
  const column = columnOf(layer, name);
  if (!column.isBucketed) return metricsOf(layer, order);
  return { [name]: { ...bucketAggregation(column, layer), aggs: aggregationsOf(layer, rest) } };
}

function metricsOf(layer: LensLayer, order: readonly string[]): JsonObject {
  const found: JsonObject = {};
  for (const name of order) {
    const column = columnOf(layer, name);
    const inner = metricAggregation(column);
    const filter = 'filter' in column ? column.filter : undefined;
    if (filter !== undefined)
      found[name] = { filter: kqlQuery(filter.query), ...(inner && { aggs: { [INSIDE]: inner } }) };
    else if (inner !== undefined) found[name] = inner;
  }
  return found;
}

function bucketAggregation(column: LensColumn, layer: LensLayer): JsonObject {
  switch (column.operationType) {
    case 'terms': {
      const by = columnOf(layer, column.params.orderBy.columnId);
      if (by.operationType !== 'count' || by.filter !== undefined)
        throw new Error('terms are ordered by the count of all records');
      return {
        terms: {
          field: column.sourceField,
          size: column.params.size,
          order: [{ _count: 'desc' }, { _key: 'asc' }],
        },
      };
    }
    case 'date_histogram':
      return {
        date_histogram: {
          field: column.sourceField,
          fixed_interval: `${INTERVAL_SECONDS}s`,
          min_doc_count: 1,
        },
      };
    case 'filters': {
      const entries = column.params.filters.map(({ label, input }) => [label, kqlQuery(input.query)]);
      return { filters: { filters: Object.fromEntries(entries) } };
    }
    default:
      throw new Error(`${column.operationType} makes no buckets`);
  }
}

/** undefined: the number of documents, which every bucket has. */
function metricAggregation(column: LensColumn): JsonObject | undefined {
  switch (column.operationType) {
    case 'count':
      return undefined;
    case 'unique_count':
      return { cardinality: { field: column.sourceField } };
    case 'max':
    case 'min':
    case 'sum':
      return { [column.operationType]: { field: column.sourceField } };
    case 'percentile':
      return {
        percentiles: { field: column.sourceField, percents: [column.params.percentile], keyed: false },
      };
    case 'last_value':
      return {
        top_hits: {
          size: 1,
          // Kibana leaves open which of two records of one moment is the newer.
          sort: [{ [column.params.sortField]: 'desc' }, { 'audit.ledger.index': 'desc' }],
          _source: false,
          fields: [column.sourceField],
        },
      };
    default:
      throw new Error(`${column.operationType} makes no number`);
  }
}

function* rowsOf(
  layer: LensLayer,
  order: readonly string[],
  bucket: Record<string, unknown>,
  row: Row,
): Generator<Row> {
  const [name = '', ...rest] = order;
  const column = columnOf(layer, name);
  if (!column.isBucketed) {
    const metrics = order.map(
      (metric) => [metric, metricIn(columnOf(layer, metric), bucket, metric)] as const,
    );
    yield { ...row, ...Object.fromEntries(metrics) };
    return;
  }
  for (const [key, inner] of bucketsIn(bucket[name]))
    yield* rowsOf(layer, rest, inner, { ...row, [name]: key });
}

function bucketsIn(aggregation: unknown): [RowValue, Record<string, unknown>][] {
  const buckets = member(aggregation)['buckets'];
  if (!Array.isArray(buckets))
    return Object.entries(member(buckets)).map(([key, inner]) => [key, member(inner)]);
  return buckets.map((bucket: unknown) => {
    const inner = member(bucket);
    const key = inner['key'];
    if (typeof key !== 'string' && typeof key !== 'number') throw new Error('a bucket without a key');
    return [key, inner];
  });
}

function metricIn(column: LensColumn, bucket: Record<string, unknown>, name: string): RowValue {
  const own = 'filter' in column && column.filter !== undefined ? member(bucket[name]) : undefined;
  if (column.operationType === 'count') return Number((own ?? bucket)['doc_count']);
  const answer = member(own === undefined ? bucket[name] : own[INSIDE]);
  if (column.operationType === 'last_value') return lastIn(answer, column.sourceField);
  const [first] = Array.isArray(answer['values']) ? answer['values'] : [answer];
  const value = member(first)['value'];
  return typeof value === 'number' ? value : null;
}

function lastIn(answer: Record<string, unknown>, field: string): RowValue {
  const hits = member(answer['hits'])['hits'];
  const [hit] = Array.isArray(hits) ? hits : [];
  if (hit === undefined) return null;
  const values = member(member(hit)['fields'])[field];
  const [value] = Array.isArray(values) ? values : [];
  return typeof value === 'string' || typeof value === 'number' ? value : null;
}

function columnOf(layer: LensLayer, name: string): LensColumn {
  const column = layer.columns[name];
  if (column === undefined) throw new Error(`there is no column ${name}`);
  return column;
}

function member(value: unknown): Record<string, unknown> {
  if (!isJsonObject(value)) throw new Error(`no object: ${JSON.stringify(value)}`);
  return value;
}
