import type { Client } from '@elastic/elasticsearch';

import { IncompleteAnswerError } from './request-failure.ts';
import { requestOptions } from './request-options.ts';
import { readIdentity } from './stream-identity.ts';

/** The most documents that one call asks for. */
const MAX_ASKED = 1024;

/** The most copies of them that an answer brings. */
const MAX_FOUND = 10_000;

/** Backing indices whose newest documents a search may not see yet: what is written to, and what was before it. */
const UNREFRESHED_INDICES = 2;

const ASK_TIMEOUT_MS = 30_000;

const HASH = ['audit.integrity.hash'];

/** Where a document is stored, and the hash that it says it has. */
export interface StoredDocument {
  backing: string;
  /** Undefined where it has none. */
  hash: string | undefined;
}

/** How it is asked. */
export interface AskOptions {
  reader: Client;
  stream: string;
  requestTimeoutMs: number;
  signal?: AbortSignal;
}

/**
 * Asks which documents a data stream has, in all of its backing indices. What was written a moment ago is found too: the
 * newest backing indices are asked document by document, which needs no refresh, and the others by a search.
 *
 * @param ids - any number of `_id`s
 * @param backings - the stream's backing indices, oldest first
 */
export async function findStored(
  ids: readonly string[],
  backings: readonly string[],
  options: AskOptions,
): Promise<Map<string, StoredDocument>> {
  const found = new Map<string, StoredDocument>();
  for (let at = 0; at < ids.length; at += MAX_ASKED) {
    const some = ids.slice(at, at + MAX_ASKED);
    if (backings.length > UNREFRESHED_INDICES) {
      for (const [id, document] of await searchFor(some, options)) found.set(id, document);
    }
    for (const backing of backings.slice(-UNREFRESHED_INDICES)) {
      for (const [id, document] of await getFrom(backing, some, options)) found.set(id, document);
    }
  }
  return found;
}

/** Asks one backing index for documents, as they are at this moment. */
async function getFrom(
  backing: string,
  ids: readonly string[],
  { reader, requestTimeoutMs, signal }: AskOptions,
): Promise<Map<string, StoredDocument>> {
  const { docs } = await reader.mget(
    { index: backing, ids: [...ids], _source_includes: HASH },
    requestOptions(requestTimeoutMs, signal),
  );
  const found = new Map<string, StoredDocument>();
  for (const document of docs) {
    if ('error' in document) throw new IncompleteAnswerError('Elasticsearch could not look for a document');
    if (!document.found) continue;
    found.set(document._id, { backing, hash: hashOf(document._source) });
  }
  return found;
}

/**
 * Fetches documents that a search does not see yet, from the newest backing indices.
 *
 * @returns where each is, and what it holds
 */
export async function fetchNewest(
  ids: readonly string[],
  reader: Client,
  stream: string,
): Promise<Map<string, { backing: string; source: unknown }>> {
  const found = new Map<string, { backing: string; source: unknown }>();
  const { backings } = await readIdentity(reader, stream, ASK_TIMEOUT_MS);
  for (const { name: backing } of backings.slice(-UNREFRESHED_INDICES)) {
    const { docs } = await reader.mget({ index: backing, ids: [...ids] });
    for (const document of docs) {
      if ('error' in document) throw new IncompleteAnswerError('Elasticsearch could not look for a document');
      if (document.found) found.set(document._id, { backing, source: document._source });
    }
  }
  return found;
}

async function searchFor(
  ids: readonly string[],
  { reader, stream, requestTimeoutMs, signal }: AskOptions,
): Promise<Map<string, StoredDocument>> {
  const { hits } = await reader.search(
    {
      index: stream,
      query: { ids: { values: [...ids] } },
      size: MAX_FOUND,
      _source: HASH,
      track_total_hits: false,
      allow_partial_search_results: false,
    },
    requestOptions(requestTimeoutMs, signal),
  );
  return new Map(
    hits.hits.flatMap(({ _id: id, _index: backing, _source }) =>
      id === undefined ? [] : [[id, { backing, hash: hashOf(_source) }] as const],
    ),
  );
}

function hashOf(source: unknown): string | undefined {
  const hash = memberOf(memberOf(memberOf(source, 'audit'), 'integrity'), 'hash');
  return typeof hash === 'string' ? hash : undefined;
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).find(([key]) => key === name)?.[1];
}
