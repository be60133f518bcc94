/** How a value is compared; `=` only with dates, where it means "within". */
export type Comparison = '<' | '<=' | '=' | '>=' | '>';

/** A date as it was written: a prefix of RFC 3339 stands for the whole of that year, month, day … */
export interface DateOperand {
  type: 'date';
  text: string;
  /** First nanosecond of what the text names, since the epoch. */
  from: bigint;
  /** First nanosecond after it. */
  to: bigint;
}

/** A number as it was written. */
export interface NumberOperand {
  type: 'number';
  text: string;
  value: number;
}

/** Matches every record. */
export interface AllQuery {
  type: 'all';
}

/** Matches where all operands do, or where any does; at least two operands. */
export interface CombinedQuery {
  type: 'and' | 'or';
  operands: Query[];
}

/** Matches where the operand does not. */
export interface NotQuery {
  type: 'not';
  operand: Query;
}

/** `field:value`. Matches when a value of the field, as text, is the same; upper and lower case differ. */
export interface EqualsQuery {
  type: 'equals';
  field: string;
  value: string;
}

/** `field:a*b`. `pieces` are the literal parts between the asterisks: at least two, possibly empty. */
export interface LikeQuery {
  type: 'like';
  field: string;
  pieces: string[];
}

/** `field:*`. Matches when the field, or one below it, has a value. */
export interface ExistsQuery {
  type: 'exists';
  field: string;
}

/** `client.address:10.1.0.0/16`. Matches addresses of that network. */
export interface NetworkQuery {
  type: 'network';
  field: string;
  /** The network as it was written. */
  network: string;
}

/** `field >= operand`. */
export interface CompareQuery {
  type: 'compare';
  field: string;
  operator: Comparison;
  operand: DateOperand | NumberOperand;
}

/** Free text: these words, one after the other, in one value of a searchable field, in any case. */
export interface TextQuery {
  type: 'text';
  /** Lower-case words; at least one. */
  words: string[];
  /** True when the last word is only the beginning of one. */
  prefix: boolean;
}

/** A parsed query: plain data, so that a driver can translate it. docs/query-language.md explains the language. */
export type Query =
  | AllQuery
  | CombinedQuery
  | NotQuery
  | EqualsQuery
  | LikeQuery
  | ExistsQuery
  | NetworkQuery
  | CompareQuery
  | TextQuery;
