import { isJsonObject, type JsonObject, type JsonValue } from '@spanledger/record';

/** One place at which two objects differ; absent: there is nothing on that side. */
export interface Difference {
  path: string;
  before?: string;
  after?: string;
}

/**
 * What differs between two objects, leaf by leaf. Elasticsearch gives back numbers and booleans as text, and leaves
 * out what is empty: `1` and `"1"` are the same, and so are `{}` and nothing.
 *
 * @param onlyWanted - whether what is beyond the wanted members does not matter
 */
export function findDifferences(before: JsonObject, after: JsonObject, onlyWanted = false): Difference[] {
  const old = flatten(before);
  const wanted = flatten(after);
  const paths = onlyWanted ? [...wanted.keys()] : [...new Set([...old.keys(), ...wanted.keys()])];
  const differences: Difference[] = [];
  for (const path of paths.sort()) {
    const [is, shall] = [old.get(path), wanted.get(path)];
    if (is === shall) continue;
    differences.push({
      path,
      ...(is !== undefined && { before: is }),
      ...(shall !== undefined && { after: shall }),
    });
  }
  return differences;
}

function flatten(object: JsonObject): Map<string, string> {
  const leaves = new Map<string, string>();
  const visit = (value: JsonValue, path: string): void => {
    if (isJsonObject(value)) {
      for (const [name, member] of Object.entries(value))
        visit(member, path === '' ? name : `${path}.${name}`);
    } else if (Array.isArray(value)) {
      if (value.length > 0) leaves.set(path, JSON.stringify(value));
    } else leaves.set(path, String(value));
  };
  visit(object, '');
  return leaves;
}
