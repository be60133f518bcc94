import type { AuditRecord } from './audit-record.ts';
import { parseCanonical } from './canonical-json/parser.ts';
import { RecordError } from './errors.ts';
import { isJsonObject } from './json-object.ts';
import type { JsonObject, JsonValue } from './json.ts';

/**
 * Reads an entry of the ledger.
 *
 * @param bytes - The entry as it was hashed.
 * @returns The record; that its required members are there and have their types was checked, nothing more.
 * @throws RecordError `record_malformed` or `record_not_canonical`.
 */
export function parseRecord(bytes: Uint8Array): AuditRecord {
  const record = parseCanonical(bytes);
  if (isAuditRecord(record)) return record;
  throw new RecordError('record_malformed', 'The entry is JSON, but no audit record.');
}

const REQUIRED: readonly (readonly [path: string, type: 'string' | 'number' | 'list'])[] = [
  ['@timestamp', 'string'],
  ['audit.action', 'string'],
  ['audit.actor.id', 'string'],
  ['audit.actor.type', 'string'],
  ['audit.ledger.index', 'number'],
  ['audit.ledger.origin', 'string'],
  ['audit.outcome', 'string'],
  ['audit.record.id', 'string'],
  ['audit.schema.version', 'string'],
  ['ecs.version', 'string'],
  ['event.action', 'string'],
  ['event.category', 'list'],
  ['event.dataset', 'string'],
  ['event.kind', 'string'],
  ['event.module', 'string'],
  ['event.outcome', 'string'],
  ['event.type', 'list'],
];

function isAuditRecord(record: JsonObject): record is JsonObject & AuditRecord {
  return REQUIRED.every(([path, type]) => {
    const value = valueAt(record, path.split('.'));
    return type === 'list' ? Array.isArray(value) : typeof value === type;
  });
}

function valueAt(record: JsonObject, path: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = record;
  for (const name of path) value = isJsonObject(value) ? value[name] : undefined;
  return value;
}
