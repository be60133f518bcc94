import type { Client, estypes } from '@elastic/elasticsearch';

import type { HistogramInterval, SearchOrder } from '../../archive-types.ts';
import { tooManyBuckets } from '../buckets.ts';
import type { Query } from '../query/query.ts';
import { MAX_BUCKETS, MAX_CANDIDATES, MAX_UNSURE } from '../search-index.ts';
import type { CandidatePage, CandidateRequest, SearchReader, Tally, TallyRequest } from '../search-index.ts';
import { ALL, allOf, noneOf } from './clauses.ts';
import type { Dsl, DslPlan } from './clauses.ts';
import { planDsl } from './query-dsl.ts';
import { StreamSettings } from './stream-settings.ts';

/** How long Elasticsearch may take to answer; whoever waits longer is better served by the embedded index. */
const REQUEST_TIMEOUT_MS = 10_000;

const INDEX = 'audit.ledger.index';
const ORIGIN = 'audit.ledger.origin';

/** The most documents that Elasticsearch answers at a time. */
const MAX_PAGE = 10_000;

/** What an index in Elasticsearch is asked by. */
export interface ElasticsearchReaderOptions {
  /** With the key of a reader. */
  client: Client;
  /** Name of the data stream. */
  stream: string;
  /** Of the log: a stream may have documents of several. */
  origin: string;
  /**
   * The first ledger index of which a search may not know yet. A document is found only some time after Elasticsearch
   * acknowledged it (a refresh, every second as a rule): whoever counts lets that time pass.
   */
  position: () => number;
  /** Ledger indexes before the position that Elasticsearch refused, ascending: they are candidates of every query. */
  refused?: () => readonly number[];
}

/** Answers from a data stream. Only ledger indexes are taken from there: what a record says, the ledger says. */
export class ElasticsearchReader implements SearchReader {
  readonly #options: ElasticsearchReaderOptions;
  readonly #settings: StreamSettings;

  constructor(options: ElasticsearchReaderOptions) {
    this.#options = options;
    this.#settings = new StreamSettings(options.client, options.stream);
  }

  position(): number {
    return this.#options.position();
  }

  /** Whether Elasticsearch finds all that matches, and finds it by something. */
  async canFind(query: Query): Promise<boolean> {
    const { isComplete, isExact, atMost } = await this.#plan(query);
    return isComplete && (isExact || atMost !== ALL);
  }

  async candidates({ query, order, after, limit }: CandidateRequest): Promise<CandidatePage> {
    const position = this.position();
    const { atMost } = await this.#plan(query);
    const most = Math.min(limit, MAX_CANDIDATES);
    const { hits } = await this.#search({
      query: this.#ofLog(atMost, position),
      sort: [{ [INDEX]: order }],
      size: most + 1,
      ...(after !== undefined && { search_after: [after] }),
    });
    const found = indexesOf(hits).slice(0, most);
    const isAll = hits.hits.length <= most;
    return mergeRefused(found, isAll, this.#refused(position, order, after), order, most);
  }

  async tally({ query, interval }: TallyRequest): Promise<Tally> {
    const position = this.position();
    const plan = await this.#plan(query);
    const sure = await this.#countSure(this.#ofLog(plan.atLeast, position), interval);
    const refused = this.#refused(position, 'desc', undefined);
    const { indexes, total } = plan.isExact
      ? { indexes: [], total: 0 }
      : await this.#listUnsure(this.#ofLog(allOf([plan.atMost, noneOf(plan.atLeast)]), position));
    const unsure = [...refused, ...indexes].slice(0, MAX_UNSURE);
    return { sure, unsure, others: refused.length + total - unsure.length };
  }

  #plan(query: Query): Promise<DslPlan> {
    return this.#settings.mapping().then((mapping) => planDsl(query, mapping));
  }

  /** Of this log, below the position: what else is there may be anybody's, or not be searchable as a whole. */
  #ofLog(query: Dsl, position: number): Dsl {
    const refused = this.#options.refused?.() ?? [];
    return {
      bool: {
        filter: [
          { term: { [ORIGIN]: this.#options.origin } },
          { range: { [INDEX]: { gte: 0, lt: position } } },
          ...(query === ALL ? [] : [query]),
        ],
        // What is there in their place is not what the ledger has.
        ...(refused.length > 0 && { must_not: [{ terms: { [INDEX]: [...refused] } }] }),
      },
    };
  }

  #refused(position: number, order: SearchOrder, after: number | undefined): number[] {
    const isBeyond = (index: number): boolean =>
      after === undefined || (order === 'asc' ? index > after : index < after);
    const refused = this.#options.refused?.() ?? [];
    const indexes = refused.filter((index) => index < position && isBeyond(index));
    return order === 'asc' ? indexes : indexes.toReversed();
  }

  async #countSure(query: Dsl, interval: HistogramInterval | undefined): Promise<Map<number, number>> {
    if (interval === undefined) {
      const { hits } = await this.#search({ query, size: 0, track_total_hits: true });
      const total = totalOf(hits);
      return new Map(total === 0 ? [] : [[0, total]]);
    }
    const times = { field: '@timestamp', calendar_interval: interval, min_doc_count: 1 };
    const { aggregations } = await this.#search({
      query,
      size: 0,
      aggs: { times: { date_histogram: times } },
    });
    return bucketsOf(aggregations?.['times']);
  }

  async #listUnsure(query: Dsl): Promise<{ indexes: number[]; total: number }> {
    const indexes: number[] = [];
    let total = 0;
    for (let after: number | undefined; indexes.length < MAX_UNSURE; after = indexes.at(-1)) {
      const size = Math.min(MAX_PAGE, MAX_UNSURE - indexes.length);
      const { hits } = await this.#search({
        query,
        size,
        sort: [{ [INDEX]: 'desc' }],
        track_total_hits: after === undefined,
        ...(after !== undefined && { search_after: [after] }),
      });
      if (after === undefined) total = totalOf(hits);
      indexes.push(...indexesOf(hits));
      if (hits.hits.length < size) return { indexes, total: indexes.length };
    }
    return { indexes, total };
  }

  async #search(request: estypes.SearchRequest): Promise<estypes.SearchResponse> {
    return await this.#options.client.search(
      {
        index: this.#options.stream,
        ignore_unavailable: true,
        // Half an answer would be taken for a whole one.
        allow_partial_search_results: false,
        // Nothing of a document but its place, which is no part of what is stored compressed.
        _source: false,
        stored_fields: '_none_',
        track_total_hits: false,
        ...request,
      },
      { requestTimeout: REQUEST_TIMEOUT_MS, maxRetries: 0 },
    );
  }
}

/** Ledger indexes in the order of the hits, each once: a document may have been put there twice. */
function indexesOf({ hits }: estypes.SearchHitsMetadata): number[] {
  const indexes = hits.map(({ sort }) => sort?.[0]).filter((value) => typeof value === 'number');
  return [...new Set(indexes)].filter(Number.isSafeInteger);
}

/** Puts what Elasticsearch refused among what it found. */
function mergeRefused(
  found: readonly number[],
  isAll: boolean,
  refused: readonly number[],
  order: SearchOrder,
  most: number,
): CandidatePage {
  const last = found.at(-1);
  const isBefore = (index: number): boolean =>
    isAll || (last !== undefined && (order === 'asc' ? index < last : index > last));
  const all = [...new Set([...found, ...refused.filter(isBefore)])];
  all.sort((a, b) => (order === 'asc' ? a - b : b - a));
  return { indexes: all.slice(0, most), done: isAll && all.length <= most };
}

function totalOf({ total }: estypes.SearchHitsMetadata): number {
  return typeof total === 'number' ? total : (total?.value ?? 0);
}

function bucketsOf(aggregate: unknown): Map<number, number> {
  const buckets = new Map<number, number>();
  for (const bucket of listOf(memberOf(aggregate, 'buckets'))) {
    const [start, count] = [memberOf(bucket, 'key'), memberOf(bucket, 'doc_count')];
    if (typeof start === 'number' && typeof count === 'number') buckets.set(start, count);
  }
  if (buckets.size > MAX_BUCKETS) throw tooManyBuckets();
  return buckets;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).find(([key]) => key === name)?.[1];
}
