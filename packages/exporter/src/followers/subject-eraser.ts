import type { LedgerReader } from '@spanledger/ledger';

import { parseOwnRecord } from '../followed-records.ts';
import type { FollowedRecord, FollowedRecords } from '../followed-records.ts';
import type { ErasedRecords, Follower } from '../follower.ts';
import { chunkOf, type Vault, type VaultSealer } from '../privacy/index.ts';
import { MAX_CANDIDATES, type Query, type SearchIndex } from '../search/index.ts';

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
  records: Pick<FollowedRecords, 'forget'>;
}

/** What was erased. */
export interface ErasureCounts {
  /** Records of the subject. */
  records: number;
  /** Records of no subject in the same traces, whose opened groups went too. */
  companions: number;
  /** Sessions that are unlinked. */
  sessions: number;
}

/** A record and where it is. */
type Entry = Pick<FollowedRecord, 'index' | 'record'>;

/** Records that are erased together. */
export interface ErasedBatch {
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

  /** Destroys the subject's key. @returns the references that stand for nobody any more */
  destroyKey(reference: string, sessions: readonly string[] = []): string[] {
    const { vault, sealer } = this.#options;
    const references = vault.erasure.destroyKey(reference, sessions);
    sealer.retire(references);
    vault.erasure.settle();
    return references;
  }

  /** Takes what was known of the subject's records out of vault, index and the other followers. */
  async erase(reference: string): Promise<{ counts: ErasureCounts; references: string[] }> {
    const { vault, followers, alone, records } = this.#options;
    records.forget();
    const sessions = new Set<string>();
    const counts: ErasureCounts = { records: 0, companions: 0, sessions: 0 };
    for await (const batch of this.batches(reference)) {
      counts.records += batch.own.length;
      counts.companions += batch.companions.length;
      for (const { record } of batch.own)
        if (record.audit.session !== undefined) sessions.add(record.audit.session.id);
      vault.erasure.removeBoxes(reference, new Set(batch.own.map(({ index }) => chunkOf(index))));
      vault.erasure.transact(() => {
        vault.cutOut(batch.companions.map(({ index }) => index));
      });
      const erased: ErasedRecords = {
        actor: reference,
        sessions: [...sessions],
        records: [...batch.own, ...batch.companions].toSorted((a, b) => a.index - b.index),
      };
      for (const follower of followers) {
        await alone(follower, async () => {
          await follower.erase?.(erased);
        });
      }
    }
    counts.sessions = sessions.size;
    const references = this.destroyKey(reference, [...sessions]);
    for (const follower of followers) {
      await alone(follower, async () => {
        follower.settleErasure?.();
      });
    }
    return { counts, references };
  }

  /** The subject's records, some after the other, with those that belong to the same traces. */
  async *batches(reference: string): AsyncGenerator<ErasedBatch> {
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
    const { search, reader } = this.#options;
    let after: number | undefined;
    for (;;) {
      const page = await search.candidates({
        query,
        order: 'asc',
        limit: MAX_CANDIDATES,
        ...(after !== undefined && { after }),
      });
      const entries: Entry[] = [];
      for (const index of page.indexes) {
        const bytes = await reader.entry(index);
        if (bytes !== undefined) entries.push({ index, record: parseOwnRecord(bytes, index) });
      }
      yield entries;
      after = page.indexes.at(-1);
      if (page.done || after === undefined) return;
    }
  }
}
