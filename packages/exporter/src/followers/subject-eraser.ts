import type { FollowedRecords } from '../followed-records.ts';
import type { ErasedRecords, Follower } from '../follower.ts';
import type { Vault, VaultSealer } from '../privacy/index.ts';
import { MAX_CANDIDATES, type SearchIndex } from '../search/index.ts';
import type { Query } from '../search/query/index.ts';
import { splitWords } from '../search/query/words.ts';
import { draftsAbout } from './erased-drafts.ts';
import { type Entry, type FoundRecords, valuesOf } from './found-records.ts';
import { ADDRESS_PATHS, NameGatherer, type SubjectNames } from './subject-names.ts';

/** What the eraser works on: the databases that this thread alone writes. */
export interface SubjectEraserOptions {
  vault: Vault;
  sealer: Pick<VaultSealer, 'retire'>;
  search: SearchIndex;
  followers: readonly Follower[];
  /** Runs something while a follower takes nothing in. */
  alone: (follower: Follower, run: () => Promise<void>) => Promise<void>;
  found: FoundRecords;
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
    const gatherer = new NameGatherer();
    const { found } = this.#options;
    for await (const own of found.ofSubject(reference)) {
      for (const { openings } of await found.open(own)) gatherer.add(valuesOf(openings));
    }
    const { names, addresses } = gatherer.gathered();
    const alone: string[] = [];
    for (const address of addresses) if (!(await this.#isShared(address, reference))) alone.push(address);
    return { names, addresses: alone };
  }

  /**
   * Destroys the subject's key.
   *
   * @returns the references that stand for nobody any more
   */
  async destroyKey(reference: string): Promise<string[]> {
    const { search, alone } = this.#options;
    const last = await this.#prepareOwn(reference, undefined);
    let references: string[] = [];
    // What is indexed from then on has no opened groups of the subject any more.
    await alone(search, async () => {
      await this.#prepareOwn(reference, last);
      references = this.#unlink(reference, []);
    });
    return references;
  }

  /**
   * Has the index keep what it is to forget of the subject's own records, which nobody could tell afterwards.
   *
   * @returns the ledger index of the last of them
   */
  async #prepareOwn(reference: string, after: number | undefined): Promise<number | undefined> {
    const { search, found } = this.#options;
    let last = after;
    for await (const own of found.ofSubject(reference, after)) {
      await search.prepareErasure?.(await found.open(own));
      last = own.at(-1)?.index ?? last;
    }
    return last;
  }

  #unlink(reference: string, sessions: readonly string[]): string[] {
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
    const { vault, followers, alone, found, records } = this.#options;
    records.forget();
    const sessions = new Set<string>();
    const counts: ErasureCounts = { records: 0, companions: 0, mentions: 0, sessions: 0 };
    for await (const own of found.ofSubject(reference)) {
      const companions = await found.companionsOf(own);
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
      const entries = await found.read(mentions.slice(at, at + MAX_CANDIDATES));
      await this.#forget(reference, sessions, [], entries);
    }
    counts.sessions = sessions.size;
    const references = this.#unlink(reference, [...sessions]);
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
    const { found } = this.#options;
    for await (const own of found.ofSubject(reference)) {
      companions.push(...(await found.companionsOf(own)).map(({ index }) => index));
      for (const { record } of own) if (record.trace !== undefined) traces.add(record.trace.id);
    }
    return { companions, traces: [...traces] };
  }

  async #forget(
    actor: string,
    sessions: ReadonlySet<string>,
    own: readonly Entry[],
    others: readonly Entry[],
  ): Promise<void> {
    const { vault, search, followers, alone, found } = this.#options;
    await search.prepareErasure?.(await found.open(others));
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
      yield* this.#options.found.whoseOpenings(query, ({ record }) => {
        return record.span === undefined && record.audit.actor.id !== reference;
      });
    }
    for (const query of addresses.flatMap(addressQueries)) {
      yield* this.#options.found.whoseOpenings(query, ({ record }) => record.audit.actor.type !== 'user');
    }
  }

  /** Whether records of another person come from an address. */
  async #isShared(address: string, reference: string): Promise<boolean> {
    for (const query of addressQueries(address)) {
      const others = this.#options.found.whoseOpenings(query, ({ record }) => {
        return record.audit.actor.type === 'user' && record.audit.actor.id !== reference;
      });
      for await (const found of others) if (found.length > 0) return true;
    }
    return false;
  }
}

function addressQueries(value: string): Query[] {
  return ADDRESS_PATHS.map((field) => ({ type: 'equals', field, value }));
}
