import type { LedgerReader } from '@spanledger/ledger';
import { hashLeaf } from '@spanledger/ledger/verify';
import { openDocument, parseRecord } from '@spanledger/record';
import type { AuditRecord, JsonObject, Openings } from '@spanledger/record';

import { CheckpointReach } from './checkpoint-reach.ts';
import { consecutiveRuns } from './consecutive-runs.ts';
import { parseOwnRecord } from './followed-records.ts';
import { matchingOpenings } from './matching-openings.ts';
import type { OpeningsReader } from './openings.ts';

/** What is read of the log. */
export type LogReader = Pick<LedgerReader, 'checkpointCovering' | 'entries' | 'entry'>;

/** Told of opened groups that a record does not commit to. */
export type OnForeign = (index: number, groups: readonly string[]) => void;

/** Reads documents: the record from the ledger's own bytes, the opened groups that it commits to, and where to find the proof. */
export class DocumentReader {
  readonly #log: LogReader;
  readonly #openings: OpeningsReader;
  readonly #onForeign: OnForeign;
  readonly #reach: CheckpointReach;

  constructor(log: LogReader, openings: OpeningsReader, onForeign: OnForeign = () => undefined) {
    this.#log = log;
    this.#reach = new CheckpointReach(log);
    this.#openings = openings;
    this.#onForeign = onForeign;
  }

  /**
   * Reads documents from anywhere in the log.
   *
   * @param indexes - published ledger indexes, in any order, each at most once
   * @returns documents by ledger index
   */
  async read(indexes: readonly number[]): Promise<Map<number, JsonObject>> {
    const documents = new Map<number, JsonObject>();
    for (const run of consecutiveRuns(indexes)) {
      const openings = await this.#openings.read(run.from, run.to);
      for await (const { index, bytes } of this.#log.entries(run.from, run.to)) {
        documents.set(index, await this.#open(index, bytes, openings.get(index)));
      }
    }
    return documents;
  }

  /**
   * Reads all documents from one ledger index up to, not including, another, in order: faster than {@link read}, for the
   * followers of the log.
   */
  async readRange(from: number, to: number): Promise<JsonObject[]> {
    const openings = await this.#openings.read(from, to);
    const documents: JsonObject[] = [];
    for await (const { index, bytes } of this.#log.entries(from, to)) {
      documents.push(await this.#openRecord(index, bytes, parseOwnRecord(bytes, index), openings.get(index)));
    }
    return documents;
  }

  /** @returns the document at a ledger index; undefined where nothing is published */
  async readOne(index: number): Promise<JsonObject | undefined> {
    const bytes = await this.#log.entry(index);
    if (bytes === undefined) return undefined;
    const openings = await this.#openings.read(index, index + 1);
    return await this.#open(index, bytes, openings.get(index));
  }

  async #open(index: number, bytes: Uint8Array, openings?: Openings): Promise<JsonObject> {
    return await this.#openRecord(index, bytes, parseRecord(bytes), openings);
  }

  async #openRecord(
    index: number,
    bytes: Uint8Array,
    record: AuditRecord,
    openings: Openings = {},
  ): Promise<JsonObject> {
    const hash = Buffer.from(hashLeaf(bytes)).toString('hex');
    const checkpointSize = await this.#reach.size(index);
    const matched = matchingOpenings(record, openings);
    if (matched.foreign.length > 0) this.#onForeign(index, matched.foreign);
    return openDocument(record, matched.openings, { hash, checkpointSize });
  }
}
