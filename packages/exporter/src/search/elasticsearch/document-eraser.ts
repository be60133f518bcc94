import type { Client } from '@elastic/elasticsearch';
import { closeDocument, isJsonObject, type JsonObject, pathTree, type PathNode } from '@spanledger/record';

import { documentId } from './document-id.ts';
import { IncompleteAnswerError } from './request-failure.ts';
import { readIdentity } from './stream-identity.ts';

/** Documents that are named or looked at together. */
const BATCH_DOCUMENTS = 1000;

/** Traces that are named together. */
const BATCH_TRACES = 1000;

/** How long Elasticsearch may take to go through a whole index. */
const REQUEST_TIMEOUT_MS = 600_000;

/** An update meets a document that somebody else changes at that moment; then it is asked for again. */
const MAX_ROUNDS = 5;

/**
 * Takes out of a document what is not the record: everything that the tree of clear paths does not have, and the salts.
 * It goes through the document as `closeDocument` does.
 */
const SCRIPT = `
  void strip(Map value, Map node) {
    Map children = node.c;
    for (Iterator it = value.entrySet().iterator(); it.hasNext();) {
      Map.Entry entry = it.next();
      Map child = children.get(entry.getKey());
      def member = entry.getValue();
      if (child != null && !child.c.isEmpty() && member instanceof Map && !member.isEmpty()) {
        strip(member, child);
        if (member.isEmpty()) { it.remove(); }
      } else if (!(child != null ? child.g : node.g)) {
        it.remove();
      }
    }
  }
  strip(ctx._source, params.tree);
  if (ctx._source.audit instanceof Map) { ctx._source.audit.remove('openings'); }
`;

/** What is erased from where. */
export interface DocumentErasure {
  /** May search, update, delete and refresh. */
  eraser: Client;
  /** Tells which backing indices there are. */
  reader: Client;
  /** Data stream of the records. */
  stream: string;
  /** Data streams of spans and of what is drawn from records, whose documents go as a whole. */
  others: { traces: string; drawn: readonly string[] };
  origin: string;
  /** {@link originDigest} of the log. */
  digest: string;
  /** `audit.actor.id`. */
  reference: string;
  /** Records of others whose opened groups go too, by ledger index. */
  indexes: readonly number[];
  /** Traces of the subject. */
  traces: readonly string[];
}

/**
 * Takes the opened groups out of a subject's documents in every backing index, and out of those of others that named it;
 * looks afterwards whether any is left; and has the segments that still hold the old versions merged away.
 *
 * @returns how many documents have no opened groups any more
 * @throws IncompleteAnswerError while some still have; to be done again
 */
export async function eraseDocuments(erasure: DocumentErasure): Promise<number> {
  const { eraser, reader, stream, others, origin, digest, reference, indexes, traces } = erasure;
  const { backings } = await readIdentity(reader, stream, REQUEST_TIMEOUT_MS);
  const names = backings.map(({ name }) => name);
  await deleteDrawn(eraser, others, reference, traces);
  if (names.length === 0) return 0;
  await eraser.indices.refresh({ index: names });
  const ids = indexes.map((index) => documentId(digest, index));
  const queries: JsonObject[] = [
    {
      bool: {
        filter: [{ term: { 'audit.ledger.origin': origin } }, { term: { 'audit.actor.id': reference } }],
      },
    },
  ];
  for (let at = 0; at < ids.length; at += BATCH_DOCUMENTS) {
    queries.push({ ids: { values: ids.slice(at, at + BATCH_DOCUMENTS) } });
  }
  const touched = new Set<string>();
  let documents = 0;
  for (const query of queries) {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      for (const name of names) if ((await strip(eraser, name, query)) > 0) touched.add(name);
      const left = await countOpened(eraser, names, query);
      if (left.opened === 0) {
        documents += left.documents;
        break;
      }
      if (round === MAX_ROUNDS - 1) {
        throw new IncompleteAnswerError(
          `${left.opened} documents still hold opened groups of an erased subject`,
        );
      }
    }
  }
  for (const name of touched) await mergeAway(eraser, name);
  return documents;
}

/** What was replaced or deleted lies in its segments, marked as deleted, until these are merged. */
async function mergeAway(eraser: Client, index: string): Promise<void> {
  const options = { requestTimeout: REQUEST_TIMEOUT_MS, maxRetries: 0 };
  await eraser.indices.forcemerge({ index, max_num_segments: 1 }, options);
  await eraser.indices.flush({ index, force: true });
}

async function strip(eraser: Client, index: string, query: JsonObject): Promise<number> {
  const { updated = 0 } = await eraser.updateByQuery(
    {
      index,
      query,
      conflicts: 'proceed',
      refresh: true,
      script: { lang: 'painless', source: SCRIPT, params: { tree: describeTree(pathTree) } },
    },
    { requestTimeout: REQUEST_TIMEOUT_MS, maxRetries: 0 },
  );
  return updated;
}

/** Looks at every document of a query: whether it is its record and nothing else. */
async function countOpened(
  eraser: Client,
  names: readonly string[],
  query: JsonObject,
): Promise<{ documents: number; opened: number }> {
  const counts = { documents: 0, opened: 0 };
  let after: unknown[] | undefined;
  for (;;) {
    const { hits } = await eraser.search(
      {
        index: [...names],
        query,
        size: BATCH_DOCUMENTS,
        sort: [{ 'audit.ledger.index': 'asc' }],
        track_total_hits: false,
        allow_partial_search_results: false,
        ...(after !== undefined && { search_after: after.filter(isSortValue) }),
      },
      { requestTimeout: REQUEST_TIMEOUT_MS },
    );
    for (const { _source } of hits.hits) {
      counts.documents++;
      if (!isJsonObject(_source) || Object.keys(closeDocument(_source).openings).length > 0) counts.opened++;
    }
    after = hits.hits.at(-1)?.sort;
    if (hits.hits.length < BATCH_DOCUMENTS || after === undefined) return counts;
  }
}

/** Spans of the subject's traces, and what was drawn from its records. */
async function deleteDrawn(
  eraser: Client,
  { traces: stream, drawn }: DocumentErasure['others'],
  reference: string,
  traces: readonly string[],
): Promise<void> {
  const options = { requestTimeout: REQUEST_TIMEOUT_MS, maxRetries: 0 };
  const common = {
    conflicts: 'proceed',
    refresh: true,
    ignore_unavailable: true,
    allow_no_indices: true,
  } as const;
  for (let at = 0; at < traces.length; at += BATCH_TRACES) {
    const query = { terms: { trace_id: traces.slice(at, at + BATCH_TRACES) } };
    await eraser.deleteByQuery({ ...common, index: stream, query }, options);
  }
  for (const index of drawn) {
    const query = { term: { 'audit.actor.id': reference } };
    const { deleted = 0 } = await eraser.deleteByQuery({ ...common, index, query }, options);
    if (deleted > 0) await mergeAway(eraser, index);
  }
}

/** `g`: clear here and below, unless a child (`c`) says otherwise. */
function describeTree({ group, children }: PathNode): JsonObject {
  const described: JsonObject = {};
  for (const [name, child] of children) described[name] = describeTree(child);
  return { g: group === 'clear', c: described };
}

function isSortValue(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}
