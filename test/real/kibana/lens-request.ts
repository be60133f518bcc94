/** A column of a Lens layer, as far as the tests read it. */
export interface LensColumn {
  isBucketed: boolean;
  operationType: string;
  sourceField: string;
  params: { size?: number };
}

/** What Kibana asks Elasticsearch for a layer: buckets in the order of the columns, metrics in the innermost. */
export function aggregationsOf(columns: ReadonlyMap<string, LensColumn>): Record<string, unknown> {
  const buckets = [...columns].filter(([, { isBucketed }]) => isBucketed);
  const metrics = [...columns].filter(([, column]) => !column.isBucketed && column.operationType !== 'count');
  let inner: Record<string, unknown> = Object.fromEntries(
    metrics.map(([id, column]) => [id, { [metricName(column)]: { field: column.sourceField } }]),
  );
  for (const [id, { operationType, sourceField, params }] of buckets.toReversed()) {
    const own =
      operationType === 'terms'
        ? { terms: { field: sourceField, size: params.size } }
        : { date_histogram: { field: sourceField, fixed_interval: '1s', min_doc_count: 1 } };
    inner = { [id]: { ...own, aggs: inner } };
  }
  return inner;
}

function metricName({ operationType }: LensColumn): string {
  return operationType === 'unique_count' ? 'cardinality' : operationType;
}

/**
 * The Lucene form of KQL, for the part of KQL that the sources keep to: values without blanks or slashes, `and`, `or`,
 * `not`, groups, and an asterisk for whatever there is.
 */
export function toLucene(kql: string): string {
  if (!/^[\w.:()* ]*$/.test(kql)) throw new Error(`beyond the part of KQL that is understood here: ${kql}`);
  return kql
    .replaceAll(/ : \*(?=\)| |$)/g, ':[* TO *]')
    .replaceAll(' : ', ':')
    .replaceAll(/\b(and|or|not)\b/g, (word) => word.toUpperCase());
}
