/** An expression of SQLite's full-text language. */
export type Expression = string;

/** Rows with exactly this token. */
export function token(text: string): Expression {
  return `"${text}"`;
}

/** Rows with a token that begins so. */
export function tokenPrefix(text: string): Expression {
  return `"${text}"*`;
}

/** Rows of all the expressions; at least one. */
export function allOf(expressions: readonly Expression[]): Expression {
  return join(expressions, ' AND ');
}

/** Rows of any of the expressions; at least one. */
export function anyOf(expressions: readonly Expression[]): Expression {
  return join(expressions, ' OR ');
}

/** Rows of the first expression that are not of the second. */
export function except(expression: Expression, other: Expression): Expression {
  return `(${expression} NOT ${other})`;
}

function join(expressions: readonly Expression[], operator: string): Expression {
  const distinct = [...new Set(expressions)];
  return distinct.length === 1 ? (distinct[0] ?? '') : `(${distinct.join(operator)})`;
}
