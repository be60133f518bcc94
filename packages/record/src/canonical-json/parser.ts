import { RecordError } from '../errors.ts';
import type { JsonObject } from '../json.ts';

export function parseCanonical(bytes: Uint8Array): JsonObject {
  throw new RecordError('record_malformed', `Not read yet: ${bytes.length} bytes.`);
}
