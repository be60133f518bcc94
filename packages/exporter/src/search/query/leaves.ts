import type { JsonObject, JsonValue } from '@spanledger/record';

/** A value that is neither object nor array. */
export type Scalar = string | number | boolean | null;

/** Called with the member names down to a value, and the value; the array of names is reused. */
export type LeafVisitor = (path: readonly string[], value: Scalar) => void;

/**
 * Visits every scalar of a document; elements of arrays stand at the path of the array.
 *
 * @param skip - member names, joined by dots, of subtrees to leave out
 */
export function visitLeaves(document: JsonObject, skip: ReadonlySet<string>, visit: LeafVisitor): void {
  walk(document, [], skip, visit);
}

/**
 * All scalars at a field. Member names may hold dots themselves: `a.b` is found at {a:{b}} and at {'a.b'}.
 *
 * @param field - member names joined by dots
 */
export function valuesAt(document: JsonObject, field: string): Scalar[] {
  const found: Scalar[] = [];
  collect(document, field, (value) => {
    if (isScalar(value)) found.push(value);
  });
  return found;
}

/** True when there is a value other than null at a field or below it. */
export function hasValueAt(document: JsonObject, field: string): boolean {
  let found = false;
  collect(document, field, (value) => {
    found ||= holdsValue(value);
  });
  return found;
}

function holdsValue(value: JsonValue): boolean {
  return isScalar(value) ? value !== null : Object.values(value).some(holdsValue);
}

function walk(value: JsonValue, path: string[], skip: ReadonlySet<string>, visit: LeafVisitor): void {
  if (isScalar(value)) {
    visit(path, value);
  } else if (Array.isArray(value)) {
    for (const element of value) walk(element, path, skip, visit);
  } else {
    for (const key of Object.keys(value)) {
      const member = value[key];
      if (member === undefined) continue;
      path.push(key);
      if (path.length > 2 || !skip.has(path.join('.'))) walk(member, path, skip, visit);
      path.pop();
    }
  }
}

function collect(value: JsonValue, field: string, take: (value: JsonValue) => void): void {
  if (isScalar(value)) return;
  if (Array.isArray(value)) {
    for (const element of value) collect(element, field, take);
    return;
  }
  if (Object.hasOwn(value, field)) takeEach(value[field], take);
  for (let dot = field.indexOf('.'); dot !== -1; dot = field.indexOf('.', dot + 1)) {
    const name = field.slice(0, dot);
    if (!Object.hasOwn(value, name)) continue;
    const member = value[name];
    if (member !== undefined) collect(member, field.slice(dot + 1), take);
  }
}

function takeEach(value: JsonValue | undefined, take: (value: JsonValue) => void): void {
  if (value === undefined) return;
  if (Array.isArray(value)) for (const element of value) takeEach(element, take);
  else take(value);
}

function isScalar(value: JsonValue): value is Scalar {
  return value === null || typeof value !== 'object';
}
