import { isJsonObject, type JsonObject } from '@spanledger/record';
import { MAX_SHOWN_EVIDENCE } from './alert-types.ts';
import type { DocumentReader, LogReader } from './documents.ts';

/** The most entries that are looked through for what the index does not have yet. */
const MAX_UNINDEXED = 65_536;

/** Where the evidence of an alert is read from. */
export interface EvidenceRooms {
  log: Pick<LogReader, 'entries'>;
  documents: Pick<DocumentReader, 'readOne'>;
  /** Finds a record in the index by `audit.record.id`. */
  find: (id: string) => Promise<JsonObject | undefined>;
  /** The first ledger index that searches do not find yet. */
  indexed: number;
}

/**
 * The records that an alert names, in its order. An alert waits for no index: what that has not taken in yet is looked for in
 * the ledger.
 *
 * @param raised the document of the alert
 */
export async function readEvidence(rooms: EvidenceRooms, raised: JsonObject): Promise<JsonObject[]> {
  const evidence = isJsonObject(raised['audit']) ? raised['audit']['evidence'] : undefined;
  if (!isJsonObject(evidence) || !Array.isArray(evidence['records'])) return [];
  const ids = evidence['records'].filter((id) => typeof id === 'string').slice(-MAX_SHOWN_EVIDENCE);
  const found = new Map<string, JsonObject>();
  for (const id of ids) {
    const one = await rooms.find(id);
    if (one !== undefined) found.set(id, one);
  }
  const missing = new Set(ids.filter((id) => !found.has(id)));
  const end = Number(evidence['last_index']) + 1;
  const from = Math.max(Number(evidence['first_index']), rooms.indexed, end - MAX_UNINDEXED);
  if (missing.size > 0 && from < end) await lookThrough(rooms, from, end, missing, found);
  return ids.map((id) => found.get(id)).filter((one) => one !== undefined);
}

async function lookThrough(
  { log, documents }: EvidenceRooms,
  from: number,
  end: number,
  missing: ReadonlySet<string>,
  found: Map<string, JsonObject>,
): Promise<void> {
  const names = [...missing].map((id) => ({ id, bytes: Buffer.from(JSON.stringify(id)) }));
  for await (const { index, bytes } of log.entries(from, end)) {
    const entry = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (!names.some((name) => entry.includes(name.bytes))) continue;
    const document = await documents.readOne(index);
    const id = document === undefined ? undefined : recordId(document);
    // Others may name it too.
    if (document !== undefined && id !== undefined && missing.has(id)) found.set(id, document);
  }
}

function recordId({ audit }: JsonObject): string | undefined {
  const record = isJsonObject(audit) ? audit['record'] : undefined;
  return isJsonObject(record) && typeof record['id'] === 'string' ? record['id'] : undefined;
}
