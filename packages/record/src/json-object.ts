import type { JsonObject, JsonValue } from './json.ts';

/**
 * Objects without `Object.prototype`, so that a foreign key such as `__proto__` or `constructor` is a member like
 * any other. A class with an emptied prototype, because V8 keeps these in fast mode and `Object.create(null)` not.
 */
class BareObject {
  [key: string]: JsonValue;
}
Object.setPrototypeOf(BareObject.prototype, null);
Reflect.deleteProperty(BareObject.prototype, 'constructor');

/** A new empty object that inherits nothing. */
export function emptyObject(): JsonObject {
  return new BareObject();
}

/** True for a JSON object: no array, no null. Its members are not looked at. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
