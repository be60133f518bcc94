/** A row that only one of two tables has. */
export interface RowDifference<Row> {
  /** Whether it is stored, and should not be, or is not, and should. */
  kind: 'foreign' | 'missing';
  row: Row;
}

/**
 * Goes through two tables side by side, in constant memory. A row that was changed is one foreign and one missing row.
 *
 * @param stored - rows as they are, in the order of `compare`
 * @param rebuilt - rows as they should be, in the same order
 * @param compare - negative where the first comes before the second, 0 where they are the same
 */
export function* differingRows<Row>(
  stored: Iterable<Row>,
  rebuilt: Iterable<Row>,
  compare: (a: Row, b: Row) => number,
): Generator<RowDifference<Row>> {
  const [left, right] = [stored[Symbol.iterator](), rebuilt[Symbol.iterator]()];
  let a = left.next();
  let b = right.next();
  while (a.done !== true || b.done !== true) {
    const order = a.done === true ? 1 : b.done === true ? -1 : compare(a.value, b.value);
    if (order < 0 && a.done !== true) yield { kind: 'foreign', row: a.value };
    if (order > 0 && b.done !== true) yield { kind: 'missing', row: b.value };
    if (order <= 0) a = left.next();
    if (order >= 0) b = right.next();
  }
}

/** Orders texts by their UTF-16 units. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
