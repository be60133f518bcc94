import type { JsonObject, JsonValue } from '@spanledger/record';

/**
 * @param document an opened document
 * @param path the way to a field, for example `user.id`
 * @returns what stands there, or undefined
 */
export function readField(document: JsonObject, path: string): JsonValue | undefined {
  let value: JsonValue | undefined = document;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    value = Object.hasOwn(value, name) ? value[name] : undefined;
  }
  return value;
}

/** @returns the text that stands there; the empty string if there is none */
export function readText(document: JsonObject, path: string): string {
  const value = readField(document, path);
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
