import type { JsonObject } from '@spanledger/record';
import { isJsonObject } from '@spanledger/record';
import { afterAll, beforeAll } from 'vitest';
import { ElasticsearchReader } from '../../../packages/exporter/src/search/elasticsearch/index.ts';
import type { IndexedRecord, SearchIndexDriver } from '../../../packages/exporter/src/search/search-index.ts';
import { describeSearchIndex } from '../../contract/search-index/suite.ts';
import { type AuditStream, makeAuditStream } from './audit-stream.ts';
import { sharedElasticsearch } from './shared.ts';

/** Each run of a property is a few requests. */
const NUM_RUNS = 15;

let audit: AuditStream;
let logs = 0;
beforeAll(async () => {
  audit = await makeAuditStream(await sharedElasticsearch());
});
afterAll(() => audit[Symbol.asyncDispose]());

/** A log, and how much of it is indexed. */
interface Place {
  origin: string;
  position: number;
  /** Documents without their opened groups, by ledger index. */
  bare: Map<number, JsonObject>;
}

/** A driver whose records are put there at once: how the follower does that has tests of its own. */
class TestDriver extends ElasticsearchReader implements SearchIndexDriver {
  readonly #place: Place;

  constructor(place: Place) {
    const { client, stream } = audit;
    super({ client, stream, origin: place.origin, position: () => place.position });
    this.#place = place;
  }

  async add(records: readonly IndexedRecord[], position: number): Promise<void> {
    const { client, stream } = audit;
    const { items } = await client.bulk({
      index: stream,
      operations: records.flatMap((record) => [{ create: {} }, this.#placed(record)]),
      refresh: true,
    });
    const refused = items.find(({ create }) => create?.status !== 201);
    if (refused !== undefined) throw new Error(JSON.stringify(refused));
    this.#place.position = position;
  }

  passOver(): Promise<void> {
    return Promise.resolve();
  }

  /** Elasticsearch needs no telling: what it is told is for {@link TestDriver.erase}. */
  prepareErasure(records: readonly IndexedRecord[]): Promise<void> {
    for (const { index, document } of records) this.#place.bare.set(index, document);
    return Promise.resolve();
  }

  async erase(indexes: readonly number[]): Promise<void> {
    const bare = indexes.flatMap((index) => {
      const document = this.#place.bare.get(index);
      return document === undefined ? [] : [{ index, document }];
    });
    if (bare.length === 0) return;
    await this.remove(bare);
    await this.add(bare, this.#place.position);
  }

  async remove(records: readonly IndexedRecord[]): Promise<void> {
    const indexes = records.map(({ index }) => index);
    const filter = [
      { term: { 'audit.ledger.origin': this.#place.origin } },
      { terms: { 'audit.ledger.index': indexes } },
    ];
    await audit.client.deleteByQuery({ index: audit.stream, query: { bool: { filter } }, refresh: true });
  }

  settle(): void {
    // What was deleted is Elasticsearch's to merge.
  }

  close(): void {
    // The client is the suite's.
  }

  /** A record as the ledger has it: at its own place of its own log. */
  #placed({ index, document, openings = {} }: IndexedRecord): JsonObject {
    const audited = isJsonObject(document['audit']) ? document['audit'] : {};
    const opened = Object.values(openings).map(({ value }) => value);
    return {
      ...document,
      ...Object.assign({}, ...opened),
      audit: { ...audited, ledger: { origin: this.#place.origin, index } },
    };
  }
}

describeSearchIndex(
  'Elasticsearch',
  () => {
    // Every log begins empty, and nobody sees another one's records.
    const newLog = (): Place => ({ origin: `log-${logs++}.example`, position: 0, bare: new Map() });
    let place = newLog();
    const clear = (): Promise<void> => {
      place = newLog();
      return Promise.resolve();
    };
    return Promise.resolve({ open: () => new TestDriver(place), clear });
  },
  NUM_RUNS,
);
