export { parseCanonical } from './parser.ts';
export { type JsonObject, type JsonValue } from '../json.ts';
