export { parseCanonical } from './parser.ts';
export { isJsonObject } from '../json-object.ts';
export { type JsonObject, type JsonValue } from '../json.ts';
export { readSkippedNumbers, type SkippedNumbers } from '../skipped-numbers.ts';
