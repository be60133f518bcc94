import { ExporterError } from '../errors.ts';
import type { Query } from './query/query.ts';
import type {
  CandidatePage,
  CandidateRequest,
  SearchIndex,
  SearchReader,
  Tally,
  TallyRequest,
} from './search-index.ts';

/** After a failure nobody waits for Elasticsearch for so long; then one search tries it again. */
const RETRY_AFTER_MS = 10_000;

/** An index that knows which questions are not for it. */
export interface ChoosyReader extends SearchReader {
  /** Whether it finds all that matches, and finds it by something. */
  canFind(query: Query): Promise<boolean>;
}

/** Why searches are not answered from where they should be. */
export interface SearchTrouble {
  error: unknown;
  /** Since when, in milliseconds since the epoch. */
  sinceMs: number;
}

/** What is joined. */
export interface LayeredIndexOptions {
  /** Has all that is published. */
  embedded: SearchIndex;
  /** Has what is older. */
  elasticsearch: ChoosyReader;
  /** Told when the second one fails, and when it answers again. */
  onTrouble: (trouble: SearchTrouble | undefined) => void;
  now?: () => number;
}

/**
 * Answers from Elasticsearch, and from the embedded index what Elasticsearch does not have yet, cannot find by, or does
 * not answer: an answer is complete whatever becomes of Elasticsearch.
 */
export class LayeredIndex implements SearchIndex {
  readonly name: string;
  readonly process: SearchIndex['process'];
  readonly #embedded: SearchIndex;
  readonly #elasticsearch: ChoosyReader;
  readonly #onTrouble: LayeredIndexOptions['onTrouble'];
  readonly #now: () => number;
  #trouble: (SearchTrouble & { retryAtMs: number }) | undefined;

  constructor({ embedded, elasticsearch, onTrouble, now = Date.now }: LayeredIndexOptions) {
    this.name = embedded.name;
    this.process = (batch) => embedded.process(batch);
    this.#embedded = embedded;
    this.#elasticsearch = elasticsearch;
    this.#onTrouble = onTrouble;
    this.#now = now;
  }

  /** Why the embedded index answers alone; undefined while it does not. */
  get trouble(): SearchTrouble | undefined {
    return this.#trouble;
  }

  position(): number {
    return this.#embedded.position();
  }

  candidates(request: CandidateRequest): Promise<CandidatePage> {
    return this.#ask(
      request.query,
      (boundary) =>
        request.order === 'asc' ? this.#oldestFirst(request, boundary) : this.#newestFirst(request, boundary),
      async () => ({ ...(await this.#embedded.candidates(request)), answeredBy: 'embedded' }),
    );
  }

  tally(request: TallyRequest): Promise<Tally> {
    return this.#ask(
      request.query,
      (boundary) => this.#tallyBoth(request, boundary),
      async () => ({ ...(await this.#embedded.tally(request)), answeredBy: 'embedded' }),
    );
  }

  close(): void {
    this.#embedded.close();
  }

  async #ask<Answer>(
    query: Query,
    both: (boundary: number) => Promise<Answer>,
    embedded: () => Promise<Answer>,
  ): Promise<Answer> {
    const boundary = this.#elasticsearch.position();
    if (boundary === 0 || (this.#trouble?.retryAtMs ?? 0) > this.#now()) return await embedded();
    try {
      if (!(await this.#elasticsearch.canFind(query))) return await embedded();
      const answer = await both(boundary);
      this.#tell(undefined);
      return answer;
    } catch (error) {
      // Nobody answers what is asked for too much of.
      if (error instanceof ExporterError && error.code === 'request_malformed') throw error;
      this.#tell(error);
      return await embedded();
    }
  }

  async #oldestFirst(request: CandidateRequest, boundary: number): Promise<CandidatePage> {
    const { after = -1, limit } = request;
    const older: CandidatePage =
      after < boundary - 1 ? await this.#elasticsearch.candidates(request) : { indexes: [], done: true };
    const left = limit - older.indexes.length;
    if (!older.done || left === 0) return { indexes: older.indexes, done: false };
    const newer = await this.#embedded.candidates({
      ...request,
      after: Math.max(after, boundary - 1),
      limit: left,
    });
    return { indexes: [...older.indexes, ...newer.indexes], done: newer.done };
  }

  async #newestFirst(request: CandidateRequest, boundary: number): Promise<CandidatePage> {
    const { after = Infinity, limit } = request;
    const page = after > boundary ? await this.#embedded.candidates(request) : undefined;
    const newer = page?.indexes.filter((index) => index >= boundary) ?? [];
    const isBeyond = page === undefined || page.done || newer.length < page.indexes.length;
    const left = limit - newer.length;
    if (!isBeyond || left === 0) return { indexes: newer, done: false };
    const older = await this.#elasticsearch.candidates({
      ...request,
      after: Math.min(after, boundary),
      limit: left,
    });
    return { indexes: [...newer, ...older.indexes], done: older.done };
  }

  async #tallyBoth({ query, interval }: TallyRequest, boundary: number): Promise<Tally> {
    const stretches = interval !== undefined && { interval };
    const operand = { type: 'number', text: String(boundary), value: boundary } as const;
    const isNewer: Query = { type: 'compare', field: 'audit.ledger.index', operator: '>=', operand };
    const [older, newer] = await Promise.all([
      this.#elasticsearch.tally({ query, ...stretches }),
      this.#embedded.tally({ query: { type: 'and', operands: [isNewer, query] }, ...stretches }),
    ]);
    const sure = new Map(older.sure);
    for (const [start, count] of newer.sure) sure.set(start, (sure.get(start) ?? 0) + count);
    return {
      sure,
      unsure: [...newer.unsure, ...older.unsure],
      others: newer.others + older.others,
    };
  }

  #tell(error: unknown): void {
    if (error === undefined) {
      if (this.#trouble !== undefined) this.#onTrouble(undefined);
      this.#trouble = undefined;
      return;
    }
    const isNew = this.#trouble === undefined;
    const nowMs = this.#now();
    this.#trouble = { error, sinceMs: this.#trouble?.sinceMs ?? nowMs, retryAtMs: nowMs + RETRY_AFTER_MS };
    if (isNew) this.#onTrouble(this.#trouble);
  }
}
