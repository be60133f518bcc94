import type { JsonObject, JsonValue } from '@spanledger/record';

/** The value at a dotted path of a document, e.g. `http.response.status_code`; undefined where there is none. */
export function valueAt(document: JsonObject, path: string): JsonValue | undefined {
  let value: JsonValue | undefined = document;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    value = Object.hasOwn(value, name) ? value[name] : undefined;
  }
  return value;
}

/** The text at a path; a number as its digits; undefined where there is neither. */
export function textAt(document: JsonObject, path: string): string | undefined {
  const value = valueAt(document, path);
  if (typeof value === 'string' && value !== '') return value;
  return typeof value === 'number' ? String(value) : undefined;
}

/** The number at a path; decimal strings, which stand for integers beyond 2^53, count as numbers. */
export function numberAt(document: JsonObject, path: string): number | undefined {
  const value = valueAt(document, path);
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^[0-9]+$/.test(value) ? Number(value) : undefined;
}

/** The texts of the list at a path; one text counts as a list of one. */
export function listAt(document: JsonObject, path: string): string[] {
  const value = valueAt(document, path);
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
