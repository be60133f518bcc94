import { isJsonObject, type JsonObject } from '@spanledger/record';
import { auditMapping } from '../../../packages/exporter/src/elasticsearch/setup/audit-mapping.ts';
import { alertsMapping } from '../../../packages/exporter/src/elasticsearch/setup/other-mappings.ts';

/** What the collector's Elasticsearch exporter writes of a span in its otel mapping. */
const SPAN_FIELDS = {
  '@timestamp': 'date_nanos',
  duration: 'long',
  kind: 'keyword',
  name: 'keyword',
  parent_span_id: 'keyword',
  span_id: 'keyword',
  trace_id: 'keyword',
};

/** The fields of each data view by their types, as the set-up maps them. */
export function mappedFields(dataViewId: string): ReadonlyMap<string, string> {
  const audit = auditMapping(new Set());
  switch (dataViewId) {
    case 'spanledger-audit':
      return fieldTypes(audit);
    case 'spanledger-alerts':
      return fieldTypes(alertsMapping(audit));
    case 'spanledger-traces':
      return new Map(Object.entries(SPAN_FIELDS));
    default:
      throw new Error(`there is no data view ${dataViewId}`);
  }
}

function fieldTypes(mapping: JsonObject): Map<string, string> {
  const types = new Map<string, string>();
  const visit = ({ properties }: JsonObject, path: string): void => {
    if (!isJsonObject(properties)) return;
    for (const [name, field] of Object.entries(properties)) {
      if (!isJsonObject(field)) continue;
      if (typeof field['type'] === 'string' && field['index'] !== false)
        types.set(`${path}${name}`, field['type']);
      visit(field, `${path}${name}.`);
    }
  };
  visit(mapping, '');
  return types;
}
