import type { JsonObject, JsonValue } from '@spanledger/record';
import { type Kql, parseKql } from './kql.ts';

/** What a KQL query finds, without Elasticsearch. */
export function kqlFilter(text: string): (document: JsonObject) => boolean {
  const query = parseKql(text);
  return (document) => matches(query, document);
}

/** The values of a field, as a list. */
export function valuesOf(document: JsonObject, field: string): (string | number | boolean)[] {
  let at: JsonValue | undefined = document;
  for (const name of field.split('.')) {
    if (typeof at !== 'object' || at === null || Array.isArray(at)) return [];
    at = at[name];
  }
  const list = Array.isArray(at) ? at : [at];
  return list.filter(
    (value) => typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean',
  );
}

function matches(query: Kql, document: JsonObject): boolean {
  switch (query.kind) {
    case 'all':
      return true;
    case 'and':
      return query.parts.every((part) => matches(part, document));
    case 'or':
      return query.parts.some((part) => matches(part, document));
    case 'not':
      return !matches(query.part, document);
    case 'exists':
      return valuesOf(document, query.field).length > 0;
    case 'is': {
      const { value, pattern } = query;
      const wanted = new RegExp(
        `^${pattern ? value.split('*').map(literal).join('.*') : literal(value)}$`,
        's',
      );
      return valuesOf(document, query.field).some((found) => wanted.test(String(found)));
    }
  }
}

function literal(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}
