import type { Archive, SessionSummary } from '@spanledger/audit-exporter';
import { isJsonObject, type JsonObject, type JsonValue } from '@spanledger/record';

const PAGE = 500;

/** Fields that say what a person is called, and from where they came. */
const NAME_FIELDS = [
  'user.id',
  'user.name',
  'user.full_name',
  'user.email',
  'user.roles',
  'enduser.id',
  'enduser.pseudo.id',
  'oidc.issuer',
  'client.address',
  'user_agent.original',
];

/** The most different values of a field that are listed; all are in the records. */
const MAX_VALUES = 100;

/** What is told of a person before their records. */
export interface GatheredSubject {
  /** By field, what it was in the person's records. */
  names: Record<string, string[]>;
  sessions: SessionSummary[];
  records: number;
}

/** A record of a person, and its tlog-proof. */
export interface ProvenRecord {
  document: JsonObject;
  proof: string;
}

/** Goes through the records of a person once, for what is told before them. */
export async function gatherSubject(archive: Archive, reference: string): Promise<GatheredSubject> {
  const names = new Map<string, Set<string>>();
  const sessionIds = new Set<string>();
  let records = 0;
  for await (const document of documentsOf(archive, reference)) {
    records++;
    const session = valueAt(document, 'audit.session.id');
    if (typeof session === 'string') sessionIds.add(session);
    for (const field of NAME_FIELDS) {
      for (const value of [valueAt(document, field)].flat()) {
        const known = names.get(field) ?? new Set();
        if (typeof value !== 'string' || known.size >= MAX_VALUES) continue;
        names.set(field, known.add(value));
      }
    }
  }
  const sessions: SessionSummary[] = [];
  for (const id of sessionIds) {
    const found = await archive.session(id, { limit: 1 });
    if (found === undefined) continue;
    const { timeline: _timeline, next: _next, ...summary } = found;
    sessions.push(summary);
  }
  return {
    names: Object.fromEntries([...names].map(([field, set]) => [field, [...set]])),
    sessions,
    records,
  };
}

/** The records of a person with their proofs, oldest first. */
export async function* subjectRecords(archive: Archive, reference: string): AsyncGenerator<ProvenRecord> {
  for await (const document of documentsOf(archive, reference)) {
    const index = valueAt(document, 'audit.ledger.index');
    const proof = typeof index === 'number' ? await archive.proof(String(index)) : undefined;
    yield { document, proof: proof ?? '' };
  }
}

async function* documentsOf(archive: Archive, reference: string): AsyncGenerator<JsonObject> {
  const query = `audit.actor.id:"${reference}"`;
  let cursor: string | undefined;
  do {
    const page = await archive.search({
      query,
      order: 'asc',
      limit: PAGE,
      ...(cursor !== undefined && { cursor }),
    });
    yield* page.records;
    cursor = page.next;
  } while (cursor !== undefined);
}

/** The value at a path; undefined where there is none. */
export function valueAt(document: JsonObject, path: string): JsonValue | undefined {
  return path
    .split('.')
    .reduce<JsonValue | undefined>(
      (at, name) => (isJsonObject(at) && Object.hasOwn(at, name) ? at[name] : undefined),
      document,
    );
}
