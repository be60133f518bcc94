import { fieldPaths } from '../query/fields.ts';
import type {
  CompareQuery,
  EqualsQuery,
  ExistsQuery,
  LikeQuery,
  NetworkQuery,
  Query,
} from '../query/query.ts';
import { allOf, anyOf, exactly, ALL, noneOf } from './clauses.ts';
import type { DslPlan } from './clauses.ts';
import { compareField } from './comparison-dsl.ts';
import type { StreamMapping } from './field-mapping.ts';
import { equalsField, existsField, likeField, networkField } from './field-dsl.ts';
import { planWords } from './words-dsl.ts';

/** Translates a query into what Elasticsearch searches by; what that finds may be too much, never too little. */
export function planDsl(query: Query, mapping: StreamMapping): DslPlan {
  switch (query.type) {
    case 'all':
      return exactly(ALL);
    case 'and':
      return join(
        query.operands.map((operand) => planDsl(operand, mapping)),
        allOf,
      );
    case 'or':
      return join(
        query.operands.map((operand) => planDsl(operand, mapping)),
        anyOf,
      );
    case 'not': {
      const { atMost, atLeast, isExact, isComplete } = planDsl(query.operand, mapping);
      // What the operand may miss is in here: nothing is missed, but not all of it is sure.
      const sure = isComplete ? noneOf(atMost) : noneOf(ALL);
      return { atMost: noneOf(atLeast), atLeast: sure, isExact: isExact && isComplete, isComplete: true };
    }
    case 'text':
      return planWords(query, mapping);
    default:
      return join(
        fieldPaths(query.field).map((path) => planField(query, path, mapping)),
        anyOf,
      );
  }
}

function planField(
  query: CompareQuery | EqualsQuery | ExistsQuery | LikeQuery | NetworkQuery,
  path: string,
  mapping: StreamMapping,
): DslPlan {
  const field = mapping.fieldAt(path);
  switch (query.type) {
    case 'equals':
      return equalsField(field, query.value);
    case 'like':
      return likeField(field, query.pieces);
    case 'exists':
      return existsField(field);
    case 'network':
      return networkField(field, query.network);
    case 'compare':
      return compareField(field, query);
  }
}

function join(plans: readonly DslPlan[], combine: typeof allOf): DslPlan {
  const atMost = combine(plans.map((plan) => plan.atMost));
  const isExact = plans.every((plan) => plan.isExact);
  return {
    atMost,
    atLeast: isExact ? atMost : combine(plans.map((plan) => plan.atLeast)),
    isExact,
    isComplete: plans.every((plan) => plan.isComplete),
  };
}
