/**
 * What a parser of foreign input gives: the value, or why there is none. Parsers never throw, because what is
 * malformed is a finding of the verification and not an accident in it.
 */
export type Parsed<T> = { ok: true; value: T } | { ok: false; detail: string };

/** A {@link Parsed} that holds a value. */
export function parsed<T>(value: T): { ok: true; value: T } {
  return { ok: true, value };
}

/**
 * A {@link Parsed} that holds no value.
 *
 * @param detail what is wrong, as a clause that can follow "the note is malformed: "
 */
export function malformed(detail: string): { ok: false; detail: string } {
  return { ok: false, detail };
}
