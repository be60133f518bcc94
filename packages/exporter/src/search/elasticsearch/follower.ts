import { setTimeout as delay } from 'node:timers/promises';

import type { Client } from '@elastic/elasticsearch';
import type { FollowedLedger } from '@spanledger/ledger';
import type { JsonObject } from '@spanledger/record';

import { MAX_BATCH_DOCUMENTS } from './batch-size.ts';
import { BulkWriter, REQUEST_TIMEOUT_MS } from './bulk-writer.ts';
import type { OutgoingDocument, WriterTrouble } from './bulk-writer.ts';
import { originDigest } from './document-id.ts';
import type { IndexPosition, IndexState } from './index-state.ts';
import { MAX_DEAD_LETTERS } from './index-state.ts';
import { ReadAhead } from './read-ahead.ts';
import type { DocumentTextRange } from './read-ahead.ts';
import { readFailure } from './request-failure.ts';
import { readIdentity, replacedBecause } from './stream-identity.ts';
import type { StreamIdentity } from './stream-identity.ts';
import { requestOptions } from './request-options.ts';

/** How often it is looked whether the stream is still the same, while nothing else gives reason to. */
const IDENTITY_INTERVAL_MS = 30_000;

/** How often it is looked whether dead letters are gone: `spanledger reindex` takes them in beside this. */
const LETTERS_INTERVAL_MS = 2_000;

/** How long a stop waits for Elasticsearch; what is left is indexed after the next start. */
export const DRAIN_MS = 3_000;

const POLL_MS = 20;

/** How the index is, for status and metrics. */
export interface IndexFollowerStatus {
  /** The first ledger index that was not taken in. */
  position: number;
  /** Why it does not go on just now; absent while it does. */
  trouble?: WriterTrouble;
  /** Attempts that failed since the last one that did not. */
  failures: number;
  /** Records that Elasticsearch refused. */
  deadLetters: number;
  /** How many documents a request may hold now. */
  batchDocuments: number;
}

/** Something that an operator is to be told of once. */
export type IndexNotice =
  /** The stream is another one than before: everything is indexed anew. */
  | { kind: 'begun_anew'; because: string }
  /** The ledger has fewer records than were indexed: an older copy was restored, or it was cut back. */
  | { kind: 'ledger_went_back'; position: number; size: number };

/** Reads documents as they are indexed. */
export interface DocumentRange {
  /** @returns the documents from one ledger index up to, not including, another, all published */
  readRange(from: number, to: number): Promise<JsonObject[]>;
}

/** What the follower joins. */
export interface IndexFollowerOptions {
  /** Creates documents. */
  writer: Client;
  /** Reads them. */
  reader: Client;
  /** Name of the data stream. */
  stream: string;
  /** The log as it is published now. */
  log: { origin: string; size: number };
  documents: DocumentTextRange;
  ledger: FollowedLedger;
  /** The first ledger index of which the log has the entry; 0 where it is not given. */
  minimumIndex?: () => Promise<number>;
  state: IndexState;
  onStatus: (status: IndexFollowerStatus) => void;
  onNotice: (notice: IndexNotice) => void;
  /** Told of what no server and no network did; it goes on after a pause. */
  onError: (error: unknown) => void;
  requestTimeoutMs?: number;
}

/** The stream is not the one any more in which the index has come so far. */
class StreamReplacedError extends Error {
  override readonly name = 'StreamReplacedError';
}

/**
 * Follows the published log into a data stream of Elasticsearch, each record exactly once. It keeps to itself: where
 * Elasticsearch is slow or down, nobody else waits. One request is under way while the next one is prepared.
 */
export class IndexFollower {
  readonly name = 'elasticsearch';
  readonly #options: IndexFollowerOptions;
  readonly #stop: AbortController = new AbortController();
  readonly #bulk: BulkWriter;
  readonly #digest: string;
  readonly #requestTimeoutMs: number;
  #place: IndexPosition;
  /** Records before this one may be in the stream although the position does not say so. */
  #askBelow = 0;
  #identityAtMs = 0;
  #trouble: WriterTrouble | undefined;
  #deadLetters: number;
  #running: Promise<void> = Promise.resolve();

  constructor(options: IndexFollowerOptions) {
    const { log, state, stream, writer, reader } = options;
    this.#options = options;
    this.#digest = originDigest(log.origin);
    this.#requestTimeoutMs = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
    const known = state.position();
    this.#place =
      known?.origin === log.origin
        ? known
        : { cluster: '', stream, backing: '', backingUuid: '', origin: log.origin, position: 0 };
    this.#deadLetters = state.countDeadLetters();
    this.#bulk = new BulkWriter({
      writer,
      reader,
      stream,
      requestTimeoutMs: this.#requestTimeoutMs,
      backings: async (signal) => (await this.#checkIdentity(signal)).backings.map(({ name }) => name),
      onTrouble: (trouble) => {
        if (this.#trouble === undefined && trouble === undefined) return;
        this.#trouble = trouble;
        this.#tell();
      },
    });
  }

  /** The first ledger index that is neither in the stream nor among the dead letters. */
  position(): number {
    return this.#place.position;
  }

  /** How it is. */
  status(): IndexFollowerStatus {
    return {
      position: this.#place.position,
      ...(this.#trouble !== undefined && { trouble: this.#trouble }),
      failures: this.#bulk.failures,
      deadLetters: this.#deadLetters,
      batchDocuments: this.#bulk.size.documents,
    };
  }

  /** Begins to follow. */
  start(): void {
    this.#tell();
    this.#running = this.#run();
  }

  /** Reaches the end of what is published, if that does not take long, and follows no more. */
  async finish(drainMs: number = DRAIN_MS): Promise<void> {
    const deadline = Date.now() + drainMs;
    const { ledger } = this.#options;
    const isBehind = (): boolean => this.position() < ledger.sizes().published;
    while (isBehind() && this.#trouble === undefined && Date.now() < deadline) await delay(POLL_MS);
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await this.#begin(signal);
        await this.#follow(signal);
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof StreamReplacedError) continue;
        await this.#pause(error, signal);
      }
    }
  }

  async #pause(cause: unknown, signal: AbortSignal): Promise<void> {
    let failure: WriterTrouble;
    try {
      failure = readFailure(cause);
    } catch {
      this.#options.onError(cause);
      failure = {
        code: 'elasticsearch_failed',
        message: 'Indexing failed; the log of the service says why',
      };
    }
    await this.#bulk.fail(failure, signal).catch(() => undefined);
  }

  /** Finds out which stream this is, and where to go on in it. */
  async #begin(signal: AbortSignal): Promise<void> {
    const { reader, stream, state, log, onNotice } = this.#options;
    const now = await readIdentity(reader, stream, this.#requestTimeoutMs, signal);
    const isNew = this.#place.cluster === '';
    const because = isNew ? undefined : replacedBecause(this.#place, now);
    if (because !== undefined) onNotice({ kind: 'begun_anew', because });
    if (isNew || because !== undefined) {
      this.#place = { ...this.#place, ...newestBacking(now), position: 0 };
      this.#askBelow = await this.#findReach(signal);
      state.restart(this.#place);
      this.#deadLetters = 0;
    } else {
      this.#place = { ...this.#place, ...newestBacking(now) };
      // One request may have been under way when the last process ended.
      this.#askBelow = this.#place.position + MAX_BATCH_DOCUMENTS;
    }
    const { published } = this.#options.ledger.sizes();
    const size = Math.max(log.size, published);
    if (this.#place.position > size) {
      onNotice({ kind: 'ledger_went_back', position: this.#place.position, size });
      this.#askBelow = Math.max(this.#askBelow, this.#place.position);
      this.#place = { ...this.#place, position: size };
      state.commit(this.#place);
    }
    // What was pruned is indexed no more.
    this.#pass((await this.#options.minimumIndex?.()) ?? 0);
    this.#identityAtMs = Date.now();
    this.#bulk.recover();
    this.#tell();
  }

  /** How far a stream may be filled of which nothing is known here. */
  async #findReach(signal: AbortSignal): Promise<number> {
    const { reader, stream, log } = this.#options;
    const { aggregations } = await reader.search(
      {
        index: stream,
        ignore_unavailable: true,
        allow_partial_search_results: false,
        size: 0,
        query: { term: { 'audit.ledger.origin': log.origin } },
        aggregations: { last: { max: { field: 'audit.ledger.index' } } },
      },
      requestOptions(this.#requestTimeoutMs, signal),
    );
    const last = aggregations?.['last'];
    const value = last !== undefined && 'value' in last ? last.value : null;
    return (typeof value === 'number' ? value + 1 : 0) + MAX_BATCH_DOCUMENTS;
  }

  async #checkIdentity(signal: AbortSignal): Promise<StreamIdentity> {
    const { reader, stream } = this.#options;
    const now = await readIdentity(reader, stream, this.#requestTimeoutMs, signal);
    if (replacedBecause(this.#place, now) !== undefined) throw new StreamReplacedError();
    this.#place = { ...this.#place, ...newestBacking(now) };
    this.#identityAtMs = Date.now();
    return now;
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { ledger } = this.#options;
    // What is prepared goes out when what went before is stored.
    let underWay: Promise<void> = Promise.resolve();
    const ahead = new ReadAhead(this.#options.documents, this.#digest, this.#place.position);
    try {
      for (;;) {
        signal.throwIfAborted();
        const { published } = ledger.sizes();
        if (ahead.position < published && !ahead.isFull(this.#bulk.size)) {
          await ahead.read(published, this.#askBelow);
        } else if (!ahead.isEmpty) {
          await underWay;
          const batch = ahead.take(this.#bulk.size);
          underWay = this.#index(batch, signal);
          // It is awaited before the next one; until then its failure is nobody's surprise.
          underWay.catch(() => undefined);
        } else {
          await underWay;
          this.#pass(ahead.position);
          await this.#awaitPublished(ahead.position + 1, signal);
        }
      }
    } finally {
      await underWay.catch(() => undefined);
    }
  }

  /** Notes that nothing before a record is for this stream that is not there. */
  #pass(position: number): void {
    if (position <= this.#place.position) return;
    const { state, log } = this.#options;
    this.#place = { ...this.#place, origin: log.origin, position };
    state.commit(this.#place);
    this.#tell();
  }

  async #index(batch: readonly OutgoingDocument[], signal: AbortSignal): Promise<void> {
    const [first, last] = [batch[0], batch.at(-1)];
    if (first === undefined || last === undefined) return;
    const { state, log } = this.#options;
    if (Date.now() - this.#identityAtMs > IDENTITY_INTERVAL_MS) await this.#checkIdentity(signal);
    await this.#awaitRoom(signal);
    // What is under way lies just behind the position, where it is asked for after a crash.
    this.#pass(first.index);
    const { refused } = await this.#bulk.write(batch, signal);
    if (this.#place.backing === '') await this.#checkIdentity(signal);
    this.#place = { ...this.#place, origin: log.origin, position: last.index + 1 };
    state.commit(this.#place, refused);
    this.#deadLetters = state.countDeadLetters();
    this.#tell();
  }

  /** Waits while there are so many dead letters that one more could not be kept. */
  async #awaitRoom(signal: AbortSignal): Promise<void> {
    for (;;) {
      this.#deadLetters = this.#options.state.countDeadLetters();
      if (this.#deadLetters + MAX_BATCH_DOCUMENTS <= MAX_DEAD_LETTERS) return;
      await this.#bulk.fail(
        {
          code: 'elasticsearch_dead_letters_full',
          message: `Elasticsearch refused ${this.#deadLetters} records, and more are not kept`,
          hint: 'Look at them with spanledger doctor, mend the mapping, and run spanledger reindex.',
        },
        signal,
      );
    }
  }

  /** Waits for more to be published; looks now and then whether the stream is still there. */
  async #awaitPublished(size: number, signal: AbortSignal): Promise<void> {
    const { ledger } = this.#options;
    while (ledger.sizes().published < size) {
      const pauseMs = this.#deadLetters > 0 ? LETTERS_INTERVAL_MS : IDENTITY_INTERVAL_MS;
      const waited = AbortSignal.any([signal, AbortSignal.timeout(pauseMs)]);
      await ledger.published(size, waited).catch(() => undefined);
      signal.throwIfAborted();
      if (this.#deadLetters > 0) this.#recount();
      if (Date.now() - this.#identityAtMs > IDENTITY_INTERVAL_MS) await this.#checkIdentity(signal);
    }
  }

  #recount(): void {
    const before = this.#deadLetters;
    this.#deadLetters = this.#options.state.countDeadLetters();
    if (this.#deadLetters !== before) this.#tell();
  }

  #tell(): void {
    this.#options.onStatus(this.status());
  }
}

function newestBacking({ cluster, stream, backings }: StreamIdentity): {
  cluster: string;
  stream: string;
  backing: string;
  backingUuid: string;
} {
  const newest = backings.at(-1);
  return { cluster, stream, backing: newest?.name ?? '', backingUuid: newest?.uuid ?? '' };
}
