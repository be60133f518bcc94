import type { estypes } from '@elastic/elasticsearch';

/** A query as Elasticsearch reads it. */
export type Dsl = NonNullable<estypes.QueryDslQueryContainer>;

/** What a query means to Elasticsearch. */
export interface DslPlan {
  /** Every matching document that is indexed as a whole is of this. */
  atMost: Dsl;
  /** Every document of this matches. */
  atLeast: Dsl;
  /** True where both say the same. */
  isExact: boolean;
  /**
   * False where what the mapping leaves out may match and not be found: long values of flattened objects, and words of
   * names that the mapping does not know.
   */
  isComplete: boolean;
}

/** Every document. */
export const ALL: Dsl = { match_all: {} };

/** No document. */
export const NONE: Dsl = { match_none: {} };

/** A plan of a query that says exactly what is meant. */
export function exactly(query: Dsl): DslPlan {
  return { atMost: query, atLeast: query, isExact: true, isComplete: true };
}

/** A plan of which only bounds are known. */
export function within(atMost: Dsl, atLeast: Dsl = NONE): DslPlan {
  return { atMost, atLeast, isExact: false, isComplete: true };
}

/** A plan that may miss what the mapping leaves out. */
export function incomplete(plan: DslPlan): DslPlan {
  return { ...plan, isComplete: false };
}

/** Documents in which Elasticsearch left a value of a field out. */
export function ignored(field: string): Dsl {
  return { term: { _ignored: field } };
}

/** What is exact but for the values that Elasticsearch left out. */
export function butIgnored(query: Dsl, field: string): DslPlan {
  return within(anyOf([query, ignored(field)]), query);
}

/** Documents of all the queries. */
export function allOf(queries: readonly Dsl[]): Dsl {
  if (queries.includes(NONE)) return NONE;
  const others = queries.filter((query) => query !== ALL);
  return others.length > 1 ? { bool: { filter: others } } : (others[0] ?? ALL);
}

/** Documents of any of the queries. */
export function anyOf(queries: readonly Dsl[]): Dsl {
  if (queries.includes(ALL)) return ALL;
  const others = queries.filter((query) => query !== NONE);
  return others.length > 1 ? { bool: { should: others, minimum_should_match: 1 } } : (others[0] ?? NONE);
}

/** Documents that are not of a query. */
export function noneOf(query: Dsl): Dsl {
  if (query === ALL) return NONE;
  return query === NONE ? ALL : { bool: { must_not: [query] } };
}
