import type { JsonObject } from '@spanledger/record';
import { kqlFilter, valuesOf } from './kql-match.ts';
import { layerOf, type LensColumn, type LensLayer, type ShippedLens } from './shipped-objects.ts';

/** A value in a row; null: there is none. */
export type RowValue = string | number | null;
/** A row of a visualization: its columns' values. */
export type Row = Record<string, RowValue>;

/** Computes from the documents themselves what a visualization has to show. */
export function computeRows(
  documents: readonly JsonObject[],
  lens: ShippedLens,
  intervalSeconds: number,
): Row[] {
  const layer = layerOf(lens);
  const found = documents.filter(kqlFilter(lens.attributes.state.query.query));
  return [...rowsOf(layer, layer.columnOrder, found, {}, intervalSeconds)].sort(compareRows(layer));
}

/** Rows have an order of their own: by their buckets' keys. */
export function compareRows({ columns, columnOrder }: LensLayer): (a: Row, b: Row) => number {
  const keyOf = (row: Row): string =>
    JSON.stringify(columnOrder.filter((name) => columns[name]?.isBucketed).map((name) => row[name]));
  return (a, b) => (keyOf(a) < keyOf(b) ? -1 : 1);
}

function* rowsOf(
  layer: LensLayer,
  order: readonly string[],
  documents: readonly JsonObject[],
  row: Row,
  intervalSeconds: number,
): Generator<Row> {
  const [name = '', ...rest] = order;
  const column = layer.columns[name];
  if (column === undefined) throw new Error(`there is no column ${name}`);
  if (!column.isBucketed) {
    const metrics = order.map((metric) => {
      const { [metric]: inner } = layer.columns;
      return [metric, inner === undefined ? null : metricOf(inner, documents)] as const;
    });
    yield { ...row, ...Object.fromEntries(metrics) };
    return;
  }
  for (const [key, inner] of bucketsOf(column, documents, intervalSeconds))
    yield* rowsOf(layer, rest, inner, { ...row, [name]: key }, intervalSeconds);
}

function bucketsOf(
  column: LensColumn,
  documents: readonly JsonObject[],
  intervalSeconds: number,
): [RowValue, JsonObject[]][] {
  if (column.operationType === 'filters') {
    return column.params.filters.map(({ label, input }) => [label, documents.filter(kqlFilter(input.query))]);
  }
  const buckets = new Map<string | number, JsonObject[]>();
  for (const document of documents) {
    for (const key of new Set(keysOf(column, document, intervalSeconds)))
      buckets.set(key, [...(buckets.get(key) ?? []), document]);
  }
  if (column.operationType !== 'terms') return [...buckets];
  const ordered = [...buckets].sort(
    ([a, some], [b, others]) => others.length - some.length || (a < b ? -1 : 1),
  );
  return ordered.slice(0, column.params.size);
}

function keysOf(column: LensColumn, document: JsonObject, intervalSeconds: number): (string | number)[] {
  if (column.operationType === 'date_histogram') {
    const intervalMs = intervalSeconds * 1000;
    return timesOf(document).map((time) => Math.floor(time / intervalMs) * intervalMs);
  }
  if (!('sourceField' in column)) throw new Error(`${column.operationType} has no field`);
  const values = valuesOf(document, column.sourceField);
  return values.map((value) => (typeof value === 'number' ? value : String(value)));
}

function metricOf(column: LensColumn, all: readonly JsonObject[]): RowValue {
  const filter = 'filter' in column ? column.filter : undefined;
  const documents = filter === undefined ? all : all.filter(kqlFilter(filter.query));
  if (column.operationType === 'count') return documents.length;
  if (!('sourceField' in column)) throw new Error(`${column.operationType} has no field`);
  const field = column.sourceField;
  if (column.operationType === 'last_value') {
    const newest = documents.toSorted((a, b) => (positionOf(a) < positionOf(b) ? 1 : -1))[0];
    const [value = null] = newest === undefined ? [] : valuesOf(newest, field);
    return typeof value === 'boolean' ? String(value) : value;
  }
  const values = documents.flatMap((document) => valuesOf(document, field));
  if (column.operationType === 'unique_count') return new Set(values).size;
  const numbers =
    field === '@timestamp'
      ? documents.flatMap(timesOf)
      : values.filter((value) => typeof value === 'number').toSorted((a, b) => a - b);
  switch (column.operationType) {
    case 'sum':
      return numbers.reduce((sum, value) => sum + value, 0);
    case 'max':
      return numbers.length === 0 ? null : Math.max(...numbers);
    case 'min':
      return numbers.length === 0 ? null : Math.min(...numbers);
    case 'percentile':
      return percentileOf(numbers, column.params.percentile);
    default:
      throw new Error(`${column.operationType} makes no number`);
  }
}

/** Between the two nearest values, as Elasticsearch does where it has them all. */
function percentileOf(sorted: readonly number[], percent: number): number | null {
  const at = (percent / 100) * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return low === undefined || high === undefined ? null : low + (high - low) * (at - Math.floor(at));
}

/** Of two records of one moment the later in the ledger is the newer. */
function positionOf(document: JsonObject): string {
  const [index = 0] = valuesOf(document, 'audit.ledger.index');
  return `${timeText(document)} ${String(index).padStart(16, '0')}`;
}

function timeText(document: JsonObject): string {
  const { '@timestamp': time } = document;
  return typeof time === 'string' ? time : '';
}

function timesOf(document: JsonObject): number[] {
  return [Date.parse(timeText(document))];
}
