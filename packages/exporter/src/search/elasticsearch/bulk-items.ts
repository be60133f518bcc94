import type { estypes } from '@elastic/elasticsearch';
import { knownPath } from '@spanledger/record';

/** What became of one document of a bulk request. */
export type ItemOutcome =
  /** It is stored. */
  | { kind: 'created'; backing: string }
  /** The backing index has a document with this `_id`. */
  | { kind: 'conflict'; backing: string }
  /** It can not be indexed as it is, however often it is sent. */
  | { kind: 'refused'; reason: string; field?: string }
  /** The server was too busy; the document was not taken. */
  | { kind: 'busy' }
  /** The server failed; whether the document was taken is not known. */
  | { kind: 'uncertain'; reason: string }
  /** Nothing is taken before somebody sees to it: privileges, or the stream is not set up. */
  | { kind: 'barred'; status: number; reason: string };

/** Longest name of an error that is kept. */
const MAX_REASON_LENGTH = 64;

const FIELD = /field \[([^\]]{1,256})\]/;

/** Reads what the server says of one document of a bulk request. */
export function readItem(item: estypes.BulkResponseItem): ItemOutcome {
  const { status, error, _index: backing } = item;
  const reason = (error?.type ?? `status_${status}`).slice(0, MAX_REASON_LENGTH);
  // Accepted into the failure store means that a search does not find it.
  if (item.failure_store === 'used' || backing.startsWith('.fs-')) {
    return { kind: 'refused', reason: 'stored_as_failure' };
  }
  if (status === 200 || status === 201) return { kind: 'created', backing };
  if (status === 409) return { kind: 'conflict', backing };
  if (status === 429) return { kind: 'busy' };
  if (status === 401 || status === 403 || status === 404) return { kind: 'barred', status, reason };
  if (status >= 500 || status === 408) return { kind: 'uncertain', reason };
  const field = failedField(error?.reason ?? undefined);
  return { kind: 'refused', reason, ...(field !== undefined && { field }) };
}

/** The field that a parsing error names; its text is not kept, for it quotes the value. */
function failedField(reason: string | undefined): string | undefined {
  const [, field = ''] = FIELD.exec(reason ?? '') ?? [];
  const known = knownPath(field.split('.'));
  return known.length === 0 ? undefined : known.join('.');
}
