import type { LedgerReader } from '@spanledger/ledger';

import type { JsonObject, Openings } from '@spanledger/record';

import { parseOwnRecord } from '../followed-records.ts';
import type { FollowedRecord, FollowedRecords } from '../followed-records.ts';
import type { ErasedRecords, Follower } from '../follower.ts';
import type { Vault, VaultSealer } from '../privacy/index.ts';
import type { OpeningsReader } from '../openings.ts';
import { MAX_CANDIDATES, type SearchIndex } from '../search/index.ts';
import { evaluate, type Query } from '../search/query/index.ts';
import { splitWords } from '../search/query/words.ts';
import { draftsAbout } from './erased-drafts.ts';
import { ADDRESS_PATHS, NameGatherer, type SubjectNames } from './subject-names.ts';

/** Traces that are asked for at once. */
const TRACES_PER_QUERY = 64;

/** What the eraser works on: the databases that this thread alone writes. */
export interface SubjectEraserOptions {
  vault: Vault;
  sealer: Pick<VaultSealer, 'retire'>;
  search: SearchIndex;
  followers: readonly Follower[];
  /** Runs something while a follower takes nothing in. */
  alone: (follower: Follower, run: () => Promise<void>) => Promise<void>;
  reader: Pick<LedgerReader, 'entry'>;
  openings: OpeningsReader;
  records: Pick<FollowedRecords, 'forget'>;
}

/** What was erased. */
export interface ErasureCounts {
  /** Records of the subject. */
  records: number;
  /** Records of no subject in the same traces, whose opened groups went too. */
  companions: number;
  /** Records of nobody, and of the service's own, that named the subject: their opened groups went too. */
  mentions: number;
  /** Sessions that are unlinked. */
  sessions: number;
}

/** A record and where it is. */
type Entry = Pick<FollowedRecord, 'index' | 'record'>;

/** Records that are erased together. */
interface ErasedBatch {
  own: readonly Entry[];
  /** Records of no subject in the same traces. */
  companions: readonly Entry[];
}

/**
 * Erases a subject from the vault and from everything that follows the log. Nothing of it is undone, and all of it can
 * be done again.
 */
export class SubjectEraser {
  readonly #options: SubjectEraserOptions;

  constructor(options: SubjectEraserOptions) {
    this.#options = options;
  }

  /** Gathers what the subject is called, for what others wrote down of it; to be done while it can still be read. */
  async gather(reference: string): Promise<SubjectNames> {
    const { openings } = this.#options;
    const gatherer = new NameGatherer();
    for await (const { own } of this.#batches(reference)) {
      for (const { index } of own) {
        const opened = (await openings.read(index, index + 1)).get(index) ?? {};
        gatherer.add(valuesOf(opened));
      }
    }
    const { names, addresses } = gatherer.gathered();
    const alone: string[] = [];
    for (const address of addresses) if (!(await this.#isShared(address, reference))) alone.push(address);
    return { names, addresses: alone };
  }

  /** Destroys the subject's key. @returns the references that stand for nobody any more */
  destroyKey(reference: string, sessions: readonly string[] = []): string[] {
    const { vault, sealer } = this.#options;
    const references = vault.erasure.destroyKey(reference, sessions);
    sealer.retire(references);
    vault.erasure.settle();
    return references;
  }

  /**
   * Takes what was known of the subject's records out of vault, index and the other followers.
   *
   * @param mentions - from {@link SubjectEraser.mentions}
   * @param names - from {@link SubjectEraser.gather}
   */
  async erase(
    reference: string,
    mentions: readonly number[],
    names: SubjectNames,
  ): Promise<{ counts: ErasureCounts; references: string[] }> {
    const { vault, followers, alone, records } = this.#options;
    records.forget();
    const sessions = new Set<string>();
    const counts: ErasureCounts = { records: 0, companions: 0, mentions: 0, sessions: 0 };
    for await (const { own, companions } of this.#batches(reference)) {
      counts.records += own.length;
      counts.companions += companions.length;
      for (const { record } of own)
        if (record.audit.session !== undefined) sessions.add(record.audit.session.id);
      vault.erasure.removeBoxes(
        reference,
        own.map(({ index }) => index),
      );
      await this.#forget(reference, sessions, own, companions);
    }
    counts.mentions = mentions.length;
    for (let at = 0; at < mentions.length; at += MAX_CANDIDATES) {
      const entries = await this.#entries(mentions.slice(at, at + MAX_CANDIDATES));
      await this.#forget(reference, sessions, [], entries);
    }
    counts.sessions = sessions.size;
    const references = this.destroyKey(reference, [...sessions]);
    for (const follower of followers) {
      await alone(follower, async () => {
        follower.outbox?.strip(draftsAbout(references, names));
        follower.settleErasure?.();
      });
    }
    return { counts, references };
  }

  /**
   * Records of the service's own that name the subject, and of nobody from addresses that are the subject's alone: which
   * they are, nobody can tell any more once their opened groups are gone.
   *
   * @returns ledger indexes, ascending
   */
  async mentions(reference: string, names: SubjectNames): Promise<number[]> {
    const found = new Set<number>();
    for await (const entries of this.#mentions(reference, names)) {
      for (const { index } of entries) found.add(index);
    }
    return [...found].toSorted((a, b) => a - b);
  }

  /** What an index elsewhere has of the subject beside its own records: those of nobody in its traces, and these traces. */
  async surroundings(reference: string): Promise<{ companions: number[]; traces: string[] }> {
    const companions: number[] = [];
    const traces = new Set<string>();
    for await (const batch of this.#batches(reference)) {
      companions.push(...batch.companions.map(({ index }) => index));
      for (const { record } of batch.own) if (record.trace !== undefined) traces.add(record.trace.id);
    }
    return { companions, traces: [...traces] };
  }

  async #forget(
    actor: string,
    sessions: ReadonlySet<string>,
    own: readonly Entry[],
    others: readonly Entry[],
  ): Promise<void> {
    const { vault, followers, alone } = this.#options;
    vault.erasure.cutOut(others.map(({ index }) => index));
    const erased: ErasedRecords = {
      actor,
      sessions: [...sessions],
      records: [...own, ...others].toSorted((a, b) => a.index - b.index),
    };
    for (const follower of followers) {
      await alone(follower, async () => {
        await follower.erase?.(erased);
      });
    }
  }

  async *#mentions(reference: string, { names, addresses }: SubjectNames): AsyncGenerator<Entry[]> {
    const texts: Query[] = [...names, ...addresses].flatMap((name) => {
      const words = splitWords(name);
      return words.length === 0 ? [] : [{ type: 'text', words, prefix: false }];
    });
    // First, so that the index looks at the few records of no span, and not at all that have the words.
    const ofNoSpan: Query = { type: 'not', operand: { type: 'exists', field: 'span.id' } };
    for (const text of texts) {
      const query: Query = { type: 'and', operands: [ofNoSpan, text] };
      yield* this.#opened(query, ({ record }) => {
        return record.span === undefined && record.audit.actor.id !== reference;
      });
    }
    for (const query of addresses.flatMap(addressQueries)) {
      yield* this.#opened(query, ({ record }) => record.audit.actor.type !== 'user');
    }
  }

  /** Whether records of another person come from an address. */
  async #isShared(address: string, reference: string): Promise<boolean> {
    for (const query of addressQueries(address)) {
      const others = this.#opened(query, ({ record }) => {
        return record.audit.actor.type === 'user' && record.audit.actor.id !== reference;
      });
      for await (const found of others) if (found.length > 0) return true;
    }
    return false;
  }

  /** Records of a kind in whose opened groups a query is met. */
  async *#opened(query: Query, isMeant: (entry: Entry) => boolean): AsyncGenerator<Entry[]> {
    for await (const found of this.#find(query)) {
      const matching: Entry[] = [];
      for (const entry of found) {
        if (entry.record.audit.commitments === undefined || !isMeant(entry)) continue;
        const { index } = entry;
        const opened = (await this.#options.openings.read(index, index + 1)).get(index) ?? {};
        if (valuesOf(opened).some((value) => evaluate(query, value))) matching.push(entry);
      }
      yield matching;
    }
  }

  /** The subject's records, some after the other, with those that belong to the same traces. */
  async *#batches(reference: string): AsyncGenerator<ErasedBatch> {
    const query: Query = { type: 'equals', field: 'audit.actor.id', value: reference };
    for await (const found of this.#find(query)) {
      const own = found.filter(({ record }) => record.audit.actor.id === reference);
      const traces = [...new Set(own.flatMap(({ record }) => record.trace?.id ?? []))];
      const companions: Entry[] = [];
      for (let at = 0; at < traces.length; at += TRACES_PER_QUERY) {
        companions.push(...(await this.#companions(traces.slice(at, at + TRACES_PER_QUERY))));
      }
      yield { own, companions };
    }
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
  async *#find(query: Query): AsyncGenerator<Entry[]> {
    const { search } = this.#options;
    let after: number | undefined;
    for (;;) {
      const page = await search.candidates({
        query,
        order: 'asc',
        limit: MAX_CANDIDATES,
        ...(after !== undefined && { after }),
      });
      yield await this.#entries(page.indexes);
      after = page.indexes.at(-1);
      if (page.done || after === undefined) return;
    }
  }

  async #entries(indexes: readonly number[]): Promise<Entry[]> {
    const entries: Entry[] = [];
    for (const index of indexes) {
      const bytes = await this.#options.reader.entry(index);
      if (bytes !== undefined) entries.push({ index, record: parseOwnRecord(bytes, index) });
    }
    return entries;
  }
}

function valuesOf(openings: Openings): JsonObject[] {
  return Object.values(openings).map(({ value }) => value);
}

function addressQueries(value: string): Query[] {
  return ADDRESS_PATHS.map((field) => ({ type: 'equals', field, value }));
}
