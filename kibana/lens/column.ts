import type { Json } from '../saved-objects/saved-object.ts';

/** A column of a Lens layer. */
export interface Column {
  readonly label: string;
  readonly dataType: 'string' | 'number' | 'date';
  readonly isBucketed: boolean;
  readonly operationType: string;
  readonly sourceField?: string;
  readonly filter?: { readonly language: 'kuery'; readonly query: string };
  readonly params: Readonly<Record<string, Json>>;
}

const RECORDS = '___records___';
const TIME = '@timestamp';

/** How many documents. */
export function count(label: string, query?: string): Column {
  return metric(label, 'count', RECORDS, query, { emptyAsNull: false });
}

/** How many different values a field has. */
export function uniqueCount(label: string, field: string, query?: string): Column {
  return metric(label, 'unique_count', field, query, { emptyAsNull: false });
}

/** The largest value. */
export function maximum(label: string, field: string): Column {
  return { ...metric(label, 'max', field, undefined, {}), dataType: typeOfExtreme(field) };
}

/** The smallest value. */
export function minimum(label: string, field: string): Column {
  return { ...metric(label, 'min', field, undefined, {}), dataType: typeOfExtreme(field) };
}

/** The sum of the values. */
export function sum(label: string, field: string): Column {
  return metric(label, 'sum', field, undefined, { emptyAsNull: false });
}

/** The value that so many percent of all do not exceed. */
export function percentile(label: string, field: string, percent: number): Column {
  return metric(label, 'percentile', field, undefined, { percentile: percent });
}

/** The value of the newest document that has one. */
export function lastValue(label: string, field: string): Column {
  const params = { showArrayValues: false, sortField: TIME };
  return { ...metric(label, 'last_value', field, `"${field}": *`, params), dataType: 'string' };
}

/** A bucket for each value; the largest `size` of them by the column `orderBy`. */
export function terms(
  label: string,
  field: string,
  orderBy: string,
  size = 10,
  dataType: 'string' | 'number' = 'string',
): Column {
  return {
    ...bucket(label, 'terms', dataType),
    sourceField: field,
    params: {
      exclude: [],
      excludeIsRegex: false,
      include: [],
      includeIsRegex: false,
      missingBucket: false,
      orderBy: { columnId: orderBy, type: 'column' },
      orderDirection: 'desc',
      otherBucket: false,
      parentFormat: { id: 'terms' },
      size,
    },
  };
}

/** A bucket for each interval of time; Kibana chooses one that fits the range. */
export function dateHistogram(): Column {
  return {
    ...bucket(TIME, 'date_histogram', 'date'),
    sourceField: TIME,
    params: { dropPartials: false, includeEmptyRows: true, interval: 'auto' },
  };
}

/** A bucket for each query, named by its label. */
export function filters(label: string, queries: Readonly<Record<string, string>>): Column {
  const list = Object.entries(queries).map(([name, query]) => ({
    input: { language: 'kuery', query },
    label: name,
  }));
  return { ...bucket(label, 'filters', 'string'), params: { filters: list } };
}

function typeOfExtreme(field: string): Column['dataType'] {
  return field === TIME ? 'date' : 'number';
}

function metric(
  label: string,
  operationType: string,
  sourceField: string,
  query: string | undefined,
  params: Column['params'],
): Column {
  return {
    label,
    dataType: 'number',
    isBucketed: false,
    operationType,
    sourceField,
    params,
    ...(query !== undefined && { filter: { language: 'kuery', query } }),
  };
}

function bucket(label: string, operationType: string, dataType: Column['dataType']): Column {
  return { label, dataType, isBucketed: true, operationType, params: {} };
}
