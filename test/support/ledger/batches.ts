import { encodeCanonical, type EntryBatch, type JsonObject } from '@spanledger/record';

/** What the entries of a {@link makeBatch} are made of. */
export interface BatchOptions {
  /** How many entries. */
  count: number;
  /** Goes into each record's id, so that no two batches hold the same record. */
  label?: string;
  /** Makes each entry about this long. */
  entryBytes?: number;
}

/** A batch of canonical records as the record package builds them, with readable openings. */
export function makeBatch({ count, label = 'batch', entryBytes = 0 }: BatchOptions): EntryBatch {
  const records = Array.from({ length: count }, (_, i) => makeRecord(`${label}-${i}`, entryBytes));
  const openings = Array.from({ length: count }, (_, i) => encodeCanonical({ opened: `${label}-${i}` }));
  return {
    count,
    bytes: Buffer.concat(records),
    ends: endsOf(records),
    holes: Uint32Array.from(endsOf(records), (end, i) => {
      const record = Buffer.from(records[i] ?? []);
      return end - record.length + record.indexOf('"outcome"');
    }),
    openings: Buffer.concat(openings),
    openingEnds: endsOf(openings),
  };
}

/** The opening that {@link makeBatch} gives an entry. */
export function openingOf(label: string, i: number): string {
  return JSON.stringify({ opened: `${label}-${i}` });
}

/** The id of the record in an entry. */
export function recordIdOf(entry: Uint8Array): string {
  const record: unknown = JSON.parse(Buffer.from(entry).toString('utf8'));
  return String(member(member(member(record, 'audit'), 'record'), 'id'));
}

function makeRecord(id: string, entryBytes: number): Uint8Array {
  const record: JsonObject = {
    '@timestamp': '2026-11-21T00:00:00.000000000Z',
    audit: { action: 'READ', outcome: 'success', record: { id } },
  };
  const short = encodeCanonical(record);
  const fill = entryBytes - short.length - ',"z":""'.length;
  return fill > 0
    ? encodeCanonical({ ...record, z: 'é'.repeat(1) + 'z'.repeat(Math.max(0, fill - 2)) })
    : short;
}

function endsOf(parts: readonly Uint8Array[]): Uint32Array {
  let end = 0;
  return Uint32Array.from(parts, ({ length }) => (end += length));
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
