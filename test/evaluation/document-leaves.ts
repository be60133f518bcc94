import type { JsonObject, JsonValue } from '@spanledger/record';

/** Where a value stands in a document: names of members, and places in lists. */
export type LeafPath = readonly (string | number)[];

/** The places of all values that are neither object nor list. */
export function* leafPaths(value: JsonValue, path: LeafPath = []): Generator<LeafPath> {
  if (typeof value !== 'object' || value === null) {
    yield path;
  } else if (Array.isArray(value)) {
    for (const [i, element] of value.entries()) yield* leafPaths(element, [...path, i]);
  } else {
    for (const [name, member] of Object.entries(value)) yield* leafPaths(member, [...path, name]);
  }
}

/** The same document with another value, of the same type and form, at a place. */
export function withOtherLeaf(document: JsonObject, path: LeafPath): JsonObject {
  const copy: JsonObject = structuredClone(document);
  let value: JsonValue = copy;
  for (const step of path.slice(0, -1)) value = memberOf(value, step);
  const last = path.at(-1) ?? '';
  const other = otherValue(memberOf(value, last));
  if (Array.isArray(value)) value[Number(last)] = other;
  else if (typeof value === 'object' && value !== null) value[last] = other;
  return copy;
}

function memberOf(value: JsonValue, step: string | number): JsonValue {
  if (Array.isArray(value)) return value[Number(step)] ?? null;
  return typeof value === 'object' && value !== null ? (value[step] ?? null) : null;
}

function otherValue(value: JsonValue): JsonValue {
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'boolean') return !value;
  if (typeof value !== 'string') return 'x';
  const first = value.at(0) ?? '';
  return (first === '0' ? '1' : first === 'a' ? 'b' : '0') + value.slice(1);
}
