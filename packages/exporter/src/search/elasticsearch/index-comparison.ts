import type { Client } from '@elastic/elasticsearch';
import { isJsonObject } from '@spanledger/record';
import type { JsonObject } from '@spanledger/record';

import { MAX_INDEX_FAILURES } from '../../index-report.ts';
import type { IndexFailure, IndexFailureCode } from '../../index-report.ts';
import { differenceAt } from './document-difference.ts';
import { documentId, originDigest, parseDocumentId } from './document-id.ts';
import { streamDocuments } from './document-stream.ts';
import type { StreamedDocument } from './document-stream.ts';
import type { DocumentRange } from './follower.ts';
import type { DeadLetter } from './index-state.ts';
import { fetchNewest } from './stored-documents.ts';

/** Records that are read from the ledger at a time. */
const CHUNK_RECORDS = 256;

/** How many other logs of the same stream are told apart. */
const MAX_OTHER_LOGS = 64;

/** How much of an `_id` or the name of an index is shown, in characters; both may be anything. */
const MAX_SHOWN = 100;

/** What is compared. */
export interface IndexComparisonOptions {
  reader: Client;
  stream: string;
  /** The log's origin. */
  origin: string;
  documents: DocumentRange;
  /** Records before this one have to be in the index, or among the dead letters. */
  position: number;
  /** How many records the ledger has. */
  size: number;
  /** How many it has now, while it grows. */
  currentSize: () => Promise<number>;
  deadLetters: (from: number, to: number) => ReadonlyMap<number, DeadLetter>;
  /** The first ledger index of which the log has the entry; 0 where it is not given. */
  minimumIndex?: () => Promise<number>;
  /** Records that were purged: they must not be there. */
  purgedIn?: (from: number, to: number) => ReadonlySet<number>;
  onProgress?: (progress: { verified: number; size: number }) => void;
  signal?: AbortSignal;
}

/** What a comparison found. */
export interface IndexComparison {
  /** How many records were held to their documents. */
  compared: number;
  failures: IndexFailure[];
  /** False if there are more failures than are listed. */
  complete: boolean;
  /** Documents of other logs in the same stream, by origin; they are for a verification of those. */
  others: Record<string, number>;
}

/**
 * Holds every document of a stream to the ledger, and every record of the ledger to the stream. Both are read in the
 * order of the ledger, side by side, in constant memory.
 */
export async function compareIndex(options: IndexComparisonOptions): Promise<IndexComparison> {
  const comparison = new Comparison(options);
  await comparison.run();
  return comparison.result();
}

class Comparison {
  readonly #options: IndexComparisonOptions;
  readonly #digest: string;
  readonly #failures: IndexFailure[] = [];
  readonly #others = new Map<string, number>();
  #compared = 0;

  constructor(options: IndexComparisonOptions) {
    this.#options = options;
    this.#digest = originDigest(options.origin);
  }

  async run(): Promise<void> {
    const { reader, stream, documents, size, onProgress, signal, purgedIn } = this.#options;
    const begin = (await this.#options.minimumIndex?.()) ?? 0;
    const stored = streamDocuments(reader, stream);
    try {
      let next = await stored.next();
      for (let from = begin; from < size && !this.#isEnough(); from += CHUNK_RECORDS) {
        signal?.throwIfAborted();
        const to = Math.min(size, from + CHUNK_RECORDS);
        const expected = await documents.readRange(from, to);
        const purged = purgedIn?.(from, to) ?? new Set<number>();
        const seen = new Set<number>();
        while (next.done !== true && next.value.index !== undefined && next.value.index < to) {
          const { index } = next.value;
          const isPurged = index < from || purged.has(index);
          if (isPurged) this.#judgePurged(next.value, index);
          else this.#hold(next.value, index, expected[index - from], seen);
          next = await stored.next();
        }
        await this.#lookForMissing(from, to, new Set([...seen, ...purged]), expected);
        onProgress?.({ verified: to, size });
      }
      while (next.done !== true && !this.#isEnough()) {
        await this.#judgeBeyond(next.value);
        next = await stored.next();
      }
    } finally {
      await stored.return(undefined);
    }
  }

  result(): IndexComparison {
    return {
      compared: this.#compared,
      failures: this.#failures.slice(0, MAX_INDEX_FAILURES),
      complete: !this.#isEnough(),
      others: Object.fromEntries(this.#others),
    };
  }

  #isEnough(): boolean {
    return this.#failures.length > MAX_INDEX_FAILURES;
  }

  /** A document that is found at a place of the ledger. */
  #hold(
    document: StreamedDocument,
    index: number,
    expected: JsonObject | undefined,
    seen: Set<number>,
  ): void {
    if (document.id !== documentId(this.#digest, index)) {
      this.#judgeStranger(document, index);
      return;
    }
    if (seen.has(index)) {
      this.#fail('indexed_record_duplicated', document, index, `is there once more for record ${index}`);
      return;
    }
    seen.add(index);
    this.#compare(document, index, expected);
  }

  #judgePurged(document: StreamedDocument, index: number): void {
    if (document.id === documentId(this.#digest, index))
      this.#fail('indexed_record_foreign', document, index, `is of record ${index}, which was purged`);
    else this.#judgeStranger(document, index);
  }

  #compare(document: StreamedDocument, index: number, expected: JsonObject | undefined): void {
    this.#compared++;
    const difference = expected === undefined ? '.' : differenceAt(expected, document.source);
    if (difference === undefined) return;
    const where = difference === '.' ? 'a field that no record has' : difference;
    this.#fail('indexed_record_altered', document, index, `differs from record ${index} at ${where}`);
  }

  /** A document with an `_id` that the record at its place does not have. */
  #judgeStranger(document: StreamedDocument, index: number | undefined): void {
    const parsed = parseDocumentId(document.id);
    if (parsed?.digest === this.#digest && parsed.index < this.#options.size) {
      const place = index === undefined ? 'no record at all' : `record ${index}`;
      const detail = `is that of record ${parsed.index}, and says that it is ${place}`;
      this.#fail('indexed_record_altered', document, parsed.index, detail);
      return;
    }
    const origin = originOf(document.source);
    const isOther =
      origin !== undefined &&
      origin !== this.#options.origin &&
      index !== undefined &&
      document.id === documentId(originDigest(origin), index);
    if (isOther) this.#countOther(origin);
    else this.#fail('indexed_record_foreign', document, index, 'is of no record of the ledger');
  }

  /** A document beyond the records that were compared, or without a place. */
  async #judgeBeyond(document: StreamedDocument): Promise<void> {
    const { index } = document;
    // Published and indexed since the comparison began: the next one holds it to its record.
    const isNew =
      index !== undefined &&
      document.id === documentId(this.#digest, index) &&
      index < (await this.#options.currentSize());
    if (!isNew) this.#judgeStranger(document, index);
  }

  async #lookForMissing(
    from: number,
    to: number,
    seen: ReadonlySet<number>,
    expected: readonly JsonObject[],
  ): Promise<void> {
    const { deadLetters, position, reader, stream } = this.#options;
    const missing: number[] = [];
    for (let index = from; index < Math.min(to, position); index++) if (!seen.has(index)) missing.push(index);
    if (missing.length === 0) return;
    const refused = deadLetters(from, to);
    const ids = missing.map((index) => documentId(this.#digest, index));
    const late = await fetchNewest(ids, reader, stream);
    for (const index of missing) {
      const id = documentId(this.#digest, index);
      const document = late.get(id);
      const letter = refused.get(index);
      if (document !== undefined) {
        // Stored a moment ago, so that a search does not see it yet.
        if (indexOf(document.source) === index)
          this.#compare({ ...document, id, index }, index, expected[index - from]);
      } else if (letter === undefined) {
        const detail = `Document ${id} of record ${index} is not in ${stream}.`;
        this.#push({ code: 'indexed_record_missing', place: { index, id }, detail });
      } else {
        const why = letter.field === undefined ? letter.reason : `${letter.reason} at ${letter.field}`;
        const detail = `Elasticsearch refused record ${index} (${why}).`;
        this.#push({ code: 'indexed_record_refused', place: { index, id }, detail });
      }
    }
  }

  #countOther(origin: string): void {
    const known = this.#others.has(origin) || this.#others.size < MAX_OTHER_LOGS;
    const name = known ? origin : '…';
    this.#others.set(name, (this.#others.get(name) ?? 0) + 1);
  }

  #fail(
    code: IndexFailureCode,
    { id, backing }: StreamedDocument,
    index: number | undefined,
    detail: string,
  ): void {
    const shown = { id: id.slice(0, MAX_SHOWN), backing: backing.slice(0, MAX_SHOWN) };
    this.#push({
      code,
      place: { ...(index !== undefined && { index }), ...shown },
      detail: `Document ${JSON.stringify(shown.id)} in ${shown.backing} ${detail}.`,
    });
  }

  #push(failure: IndexFailure): void {
    if (!this.#isEnough()) this.#failures.push(failure);
  }
}

function originOf(source: unknown): string | undefined {
  const origin = ledgerOf(source)?.['origin'];
  return typeof origin === 'string' ? origin : undefined;
}

function indexOf(source: unknown): number | undefined {
  const index = ledgerOf(source)?.['index'];
  return typeof index === 'number' ? index : undefined;
}

function ledgerOf(source: unknown): JsonObject | undefined {
  const audit = isJsonObject(source) ? source['audit'] : undefined;
  const ledger = isJsonObject(audit) ? audit['ledger'] : undefined;
  return isJsonObject(ledger) ? ledger : undefined;
}
