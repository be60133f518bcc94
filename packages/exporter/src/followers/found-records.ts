import type { LedgerReader } from '@spanledger/ledger';
import type { JsonObject, Openings } from '@spanledger/record';

import { consecutiveRuns } from '../consecutive-runs.ts';
import { parseOwnRecord } from '../followed-records.ts';
import type { FollowedRecord } from '../followed-records.ts';
import type { OpeningsReader } from '../openings.ts';
import { MAX_CANDIDATES, type SearchIndex } from '../search/index.ts';
import { evaluate, type Query } from '../search/query/index.ts';

/** Traces that are asked for at once. */
const TRACES_PER_QUERY = 64;

/** A record and where it is. */
export type Entry = Pick<FollowedRecord, 'index' | 'record'>;

/** A record as it is indexed. */
export interface OpenedEntry extends Entry {
  openings: Openings;
  /** The record. */
  document: JsonObject;
}

/** What records are found with. */
export interface FoundRecordsOptions {
  search: Pick<SearchIndex, 'candidates'>;
  reader: Pick<LedgerReader, 'entries'>;
  openings: OpeningsReader;
}

/** Finds records by the index, some after the other, and reads them. */
export class FoundRecords {
  readonly #options: FoundRecordsOptions;

  constructor(options: FoundRecordsOptions) {
    this.#options = options;
  }

  /**
   * The records of a subject.
   *
   * @param reference - `audit.actor.id`
   * @param after - only those past this ledger index
   */
  async *ofSubject(reference: string, after?: number): AsyncGenerator<Entry[]> {
    const query: Query = { type: 'equals', field: 'audit.actor.id', value: reference };
    for await (const found of this.#find(query, after)) {
      yield found.filter(({ record }) => record.audit.actor.id === reference);
    }
  }

  /** The records of no subject in the traces of others. */
  async companionsOf(entries: readonly Entry[]): Promise<Entry[]> {
    const traces = [...new Set(entries.flatMap(({ record }) => record.trace?.id ?? []))];
    const companions: Entry[] = [];
    for (let at = 0; at < traces.length; at += TRACES_PER_QUERY) {
      companions.push(...(await this.#companions(traces.slice(at, at + TRACES_PER_QUERY))));
    }
    return companions;
  }

  /** Records of a kind in whose opened groups a query is met. */
  async *whoseOpenings(query: Query, isMeant: (entry: Entry) => boolean): AsyncGenerator<Entry[]> {
    for await (const found of this.#find(query)) {
      const meant = found.filter((entry) => entry.record.audit.commitments !== undefined && isMeant(entry));
      const opened = await this.open(meant);
      yield opened.filter(({ openings }) => valuesOf(openings).some((value) => evaluate(query, value)));
    }
  }

  /** Reads records; those that were pruned are left out. */
  async read(indexes: readonly number[]): Promise<Entry[]> {
    const entries: Entry[] = [];
    for (const { from, to } of consecutiveRuns(indexes)) {
      for await (const { index, bytes } of this.#options.reader.entries(from, to)) {
        entries.push({ index, record: parseOwnRecord(bytes, index) });
      }
    }
    return entries;
  }

  /** Reads the opened groups of records; what has none any more, has none of them. */
  async open(entries: readonly Entry[]): Promise<OpenedEntry[]> {
    const byIndex = new Map(entries.map(({ index, record }) => [index, record]));
    const opened: OpenedEntry[] = [];
    for (const { from, to } of consecutiveRuns([...byIndex.keys()])) {
      const openings = await this.#options.openings.read(from, to);
      for (let index = from; index < to; index++) {
        const record = byIndex.get(index);
        if (record !== undefined) {
          opened.push({ index, record, document: record, openings: openings.get(index) ?? {} });
        }
      }
    }
    return opened;
  }

  async #companions(traces: readonly string[]): Promise<Entry[]> {
    const wanted = new Set<unknown>(traces);
    const operands: Query[] = traces.map((value) => ({ type: 'equals', field: 'trace.id', value }));
    const [only] = operands;
    const query: Query | undefined = operands.length === 1 ? only : { type: 'or', operands };
    const companions: Entry[] = [];
    if (query === undefined) return companions;
    for await (const found of this.#find(query)) {
      companions.push(
        ...found.filter(
          ({ record }) =>
            record.audit.actor.type === 'system' &&
            record.audit.commitments !== undefined &&
            wanted.has(record.trace?.id),
        ),
      );
    }
    return companions;
  }

  /** Candidates of a query, parsed. */
  async *#find(query: Query, from?: number): AsyncGenerator<Entry[]> {
    let after = from;
    for (;;) {
      const page = await this.#options.search.candidates({
        query,
        order: 'asc',
        limit: MAX_CANDIDATES,
        ...(after !== undefined && { after }),
      });
      yield await this.read(page.indexes);
      after = page.indexes.at(-1);
      if (page.done || after === undefined) return;
    }
  }
}

/** The values of opened groups. */
export function valuesOf(openings: Openings): JsonObject[] {
  return Object.values(openings).map(({ value }) => value);
}
