import {
  parseCanonical,
  readSkippedNumbers,
  type JsonObject,
  type JsonValue,
  type SkippedNumbers,
} from '@spanledger/record/canonical-json';
import { readGapStatement, type GapStatement } from './gap-statement.ts';

/** What the verifier needs to know of an entry. Each field is absent if the entry has none of the right type. */
export interface EntryFields {
  index?: number;
  origin?: string;
  /** Lower-case hex. */
  previous?: string;
  /** Whether there is any `audit.ledger.previous`, of whatever type. */
  hasPrevious: boolean;
  recordId?: string;
  sequence?: { streamId: string; number: number };
  /** The signed note of a record about the log's keys. */
  keyStatement?: string;
  /** Numbers that the audit policy left out, of a record that says so. */
  skipped?: SkippedNumbers;
  /** Whether there is any `audit.policy.skipped`, also one that says nothing; absent if not. */
  hasSkipped?: true;
  /** What the record says about numbers that are missing. */
  gap?: GapStatement;
  /** Below which index the log has no entries any more, of a record that says so. */
  minimumIndex?: number;
}

/**
 * Reads an entry's bytes.
 *
 * @returns the fields, or why the bytes are not a canonical record
 */
export function readEntryFields(
  bytes: Uint8Array,
): { ok: true; value: EntryFields } | { ok: false; detail: string } {
  let record: JsonObject;
  try {
    record = parseCanonical(bytes);
  } catch (error) {
    return { ok: false, detail: error instanceof Error ? error.message : String(error) };
  }
  const audit = member(record, 'audit');
  const ledger = member(audit, 'ledger');
  const { index, origin, previous } = {
    index: ledger?.['index'],
    origin: ledger?.['origin'],
    previous: ledger?.['previous'],
  };
  const recordId = member(audit, 'record')?.['id'];
  const sequence = member(audit, 'sequence');
  const streamId = sequence?.['stream_id'];
  const number = sequence?.['number'];
  const keyStatement = member(audit, 'key')?.['statement'];
  const skipped = readSkippedNumbers(record);
  const gap = readGapStatement(record);
  const minimumIndex = readMinimumIndex(record, audit);
  return {
    ok: true,
    value: {
      ...(typeof index === 'number' ? { index } : {}),
      ...(typeof origin === 'string' ? { origin } : {}),
      ...(typeof previous === 'string' ? { previous } : {}),
      hasPrevious: previous !== undefined,
      ...(typeof recordId === 'string' ? { recordId } : {}),
      ...(typeof streamId === 'string' && typeof number === 'number'
        ? { sequence: { streamId, number } }
        : {}),
      ...(typeof keyStatement === 'string' ? { keyStatement } : {}),
      ...(skipped === undefined ? {} : { skipped }),
      ...(member(audit, 'policy')?.['skipped'] === undefined ? {} : { hasSkipped: true }),
      ...(gap === undefined ? {} : { gap }),
      ...(minimumIndex === undefined ? {} : { minimumIndex }),
    },
  };
}

/** No producer can write `audit.retention`: only what stands on the list of clear fields comes from outside. */
function readMinimumIndex(record: JsonObject, audit: JsonObject | undefined): number | undefined {
  if (member(record, 'event')?.['action'] !== 'retention.pruned') return undefined;
  const index = member(audit, 'retention')?.['minimum_index'];
  return typeof index === 'number' && Number.isSafeInteger(index) && index >= 0 ? index : undefined;
}

function member(parent: JsonObject | undefined, name: string): JsonObject | undefined {
  const value: JsonValue | undefined = parent?.[name];
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
}
