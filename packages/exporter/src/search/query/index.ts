export { contains, parseAddress, parseNetwork } from './addresses.ts';
export type { Network } from './addresses.ts';
export { QueryError } from '../../query-error.ts';
export type { QueryErrorCode } from '../../query-error.ts';
export { evaluate } from './evaluate.ts';
export { formatQuery } from './format.ts';
export {
  MAX_QUERY_DEPTH,
  MAX_QUERY_LENGTH,
  MAX_QUERY_TERMS,
  MAX_WILDCARDS,
  MAX_WORD_LENGTH,
} from './limits.ts';
export { parseQuery } from './parser.ts';
export type {
  AllQuery,
  CombinedQuery,
  CompareQuery,
  Comparison,
  DateOperand,
  EqualsQuery,
  ExistsQuery,
  LikeQuery,
  NetworkQuery,
  NotQuery,
  NumberOperand,
  Query,
  TextQuery,
} from './query.ts';
