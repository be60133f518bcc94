/** Why a query could not be read; docs/errors.md explains each. */
export type QueryErrorCode =
  | 'query_date_invalid'
  | 'query_field_invalid'
  | 'query_incomplete'
  | 'query_operator_unknown'
  | 'query_text_empty'
  | 'query_too_complex'
  | 'query_too_long'
  | 'query_unbalanced'
  | 'query_unexpected'
  | 'query_value_not_comparable'
  | 'query_wildcard_unsupported';

/** A query that is not in the language; it says where and what to write instead. */
export class QueryError extends Error {
  override readonly name = 'QueryError';
  readonly code: QueryErrorCode;
  /** Offset of the mistake in the query, in UTF-16 code units, from 0. */
  readonly position: number;
  /** One sentence that says what to write instead. */
  readonly hint: string;

  /**
   * @param code - stable; callers switch on it
   * @param message - what is wrong
   * @param position - offset of the mistake in the query
   * @param hint - what to write instead
   */
  constructor(code: QueryErrorCode, message: string, position: number, hint: string) {
    super(`${message} at position ${position + 1}`);
    this.code = code;
    this.position = position;
    this.hint = hint;
  }
}
