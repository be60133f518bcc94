import { isJsonObject, knownPath } from '@spanledger/record';
import type { JsonValue } from '@spanledger/record';

/**
 * Where a document first differs from what it should be.
 *
 * @param expected - as the ledger and the vault make it
 * @param actual - as it is stored; from anywhere
 * @returns the path, as far as its names are ours, or `.` for the whole; undefined if they are the same
 */
export function differenceAt(expected: JsonValue, actual: unknown): string | undefined {
  const path = differingPath(expected, actual, []);
  if (path === undefined) return undefined;
  const known = knownPath(path);
  return known.length === 0 ? '.' : known.join('.');
}

function differingPath(
  expected: JsonValue,
  actual: unknown,
  path: readonly string[],
): readonly string[] | undefined {
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual) || actual.length !== expected.length) return path;
    const at = expected.findIndex((element, i) => differingPath(element, actual[i], path) !== undefined);
    return at === -1 ? undefined : path;
  }
  if (!isJsonObject(expected)) return Object.is(expected, actual) ? undefined : path;
  if (typeof actual !== 'object' || actual === null || Array.isArray(actual)) return path;
  const found = new Map<string, unknown>(Object.entries(actual));
  for (const [name, member] of Object.entries(expected)) {
    const here = [...path, name];
    if (!found.has(name)) return here;
    const difference = differingPath(member, found.get(name), here);
    if (difference !== undefined) return difference;
    found.delete(name);
  }
  const [more] = found.keys();
  return more === undefined ? undefined : [...path, more];
}
