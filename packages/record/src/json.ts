/** A JSON value as this project handles it: integers beyond 2^53 travel as decimal strings. */
export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject;

/** A JSON object. Own enumerable string keys only; made with a null prototype where keys come from outside. */
export interface JsonObject {
  [key: string]: JsonValue;
}
