import type { JsonObject } from '@spanledger/record';
import { type Kql, parseKql } from './kql.ts';

/** A KQL query as Kibana asks Elasticsearch. */
export function kqlQuery(text: string): JsonObject {
  return toQuery(parseKql(text));
}

function toQuery(query: Kql): JsonObject {
  switch (query.kind) {
    case 'all':
      return { match_all: {} };
    case 'and':
      return { bool: { filter: query.parts.map(toQuery) } };
    case 'or':
      return { bool: { should: query.parts.map(toQuery), minimum_should_match: 1 } };
    case 'not':
      return { bool: { must_not: toQuery(query.part) } };
    case 'exists':
      return { exists: { field: query.field } };
    case 'is':
      return query.pattern
        ? { wildcard: { [query.field]: { value: query.value } } }
        : { match_phrase: { [query.field]: query.value } };
  }
}
