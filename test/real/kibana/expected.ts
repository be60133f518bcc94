import { isJsonObject, type JsonObject, type JsonValue } from '@spanledger/record';
import { evaluate, parseQuery } from '../../../packages/exporter/src/search/query/index.ts';
import type { LensColumn } from './lens-request.ts';

/** One row of a panel: its buckets' values, then its metrics'. */
export interface Row {
  keys: string[];
  count: number;
  metrics: Record<string, number>;
}

/** The records that a question finds, by our own query language, which reads these questions, too. */
export function matching(records: readonly JsonObject[], kql: string): JsonObject[] {
  const query = parseQuery(kql === '' ? '*' : kql.replaceAll(' : ', ':'));
  return records.filter((record) => evaluate(query, record));
}

/** The rows of a panel, counted by hand. */
export function expectedRows(
  records: readonly JsonObject[],
  columns: ReadonlyMap<string, LensColumn>,
): Map<string, Row> {
  const buckets = [...columns.values()].filter(({ isBucketed }) => isBucketed);
  const groups = new Map<string, { keys: string[]; members: JsonObject[] }>();
  for (const record of records) {
    for (const keys of combine(buckets.map((column) => keysOf(record, column)))) {
      const name = JSON.stringify(keys);
      const group = groups.get(name) ?? { keys, members: [] };
      group.members.push(record);
      groups.set(name, group);
    }
  }
  const rows = new Map<string, Row>();
  for (const [name, { keys, members }] of groups) {
    const metrics: Record<string, number> = {};
    for (const [id, column] of columns) {
      if (column.isBucketed || column.operationType === 'count') continue;
      metrics[id] = metricOf(members, column);
    }
    rows.set(name, { keys, count: members.length, metrics });
  }
  return rows;
}

function keysOf(record: JsonObject, { operationType, sourceField }: LensColumn): string[] {
  const values = valuesAt(record, sourceField);
  if (operationType === 'terms') return [...new Set(values.map(String))];
  return values.map((value) => String(Math.floor(timeOf(value) / 1000) * 1000));
}

function metricOf(records: readonly JsonObject[], { operationType, sourceField }: LensColumn): number {
  const values = records.flatMap((record) => valuesAt(record, sourceField));
  if (operationType === 'unique_count') return new Set(values.map(String)).size;
  const numbers = values.map((value) => (sourceField === '@timestamp' ? timeOf(value) : Number(value)));
  if (operationType === 'sum') return numbers.reduce((sum, number) => sum + number, 0);
  return Math.max(...numbers);
}

/** The values of a field: one, all of a list, or none. */
export function valuesAt(record: JsonObject, field: string): JsonValue[] {
  let value: JsonValue | undefined = record;
  for (const name of field.split('.')) value = isJsonObject(value) ? value[name] : undefined;
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

function combine(lists: readonly string[][]): string[][] {
  return lists.reduce<string[][]>(
    (rows, list) => rows.flatMap((row) => list.map((value) => [...row, value])),
    [[]],
  );
}

function timeOf(value: JsonValue): number {
  return typeof value === 'string' ? Date.parse(value) : Number.NaN;
}
