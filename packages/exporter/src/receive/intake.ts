import type { Ledger } from '@spanledger/ledger';
import { LedgerError } from '@spanledger/ledger';
import {
  buildEntryBatch,
  type EntryBatch,
  type RecordDraft,
  RecordError,
  type ReferencedDraft,
} from '@spanledger/record';
import { SpanKernel } from './kernel/span-kernel.ts';
import type { DerivedDraft } from '../derived-draft.ts';
import type { IntakePolicy, SkippedSpan } from '../intake-policy.ts';
import type { RequestLoad } from '../request-load.ts';
import type { Marks } from './marks.ts';
import type { ProducersSnapshot } from './producers.ts';
import { RecordGrowth } from './record-growth.ts';
import { randomBytes, sha256, sha256Base64url } from './record-crypto.ts';
import { busy, malformed, tooLarge } from './request-errors.ts';
import { type ReadingOptions, RequestReading, type TakenRequest } from './request-reading.ts';
import { Transcoder } from './transcode/transcoder.ts';
import type { SpanGroup } from './wire/trace-request.ts';

const CRYPTO = { randomBytes, sha256, sha256Base64url };

/** What {@link Intake} needs of the log. */
export type IntakeLedger = Pick<Ledger, 'append' | 'hasRoom' | 'sizes'>;

/** The rooms that intake joins. */
export interface IntakeOptions extends ReadingOptions {
  ledger: IntakeLedger;
  /** Told of each request. */
  load?: Pick<RequestLoad, 'note'>;
}

/** A snapshot of {@link Producers} that covers everything before a position of the log, and nothing unwritten. */
export interface IntakeSnapshot {
  position: number;
  producers: ProducersSnapshot;
}

/**
 * Takes in whole requests: spans become records, repeats are recognised, the rest is appended as one batch. A request
 * is accepted only once each of its spans is durable, whichever request brought it.
 */
export class Intake {
  readonly #options: IntakeOptions;
  /** Appends that have not settled; each leaves when its marks are final. */
  readonly #pending: Set<Promise<void>> = new Set();
  #failures = 0;
  #policy: IntakePolicy | undefined;
  readonly #growth = new RecordGrowth();
  readonly #transcoder: Transcoder;
  /** Of the policy that the templates were learned under. */
  #learnedUnder: string | undefined;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#transcoder = new Transcoder(options.references, CRYPTO, SpanKernel.create(sha256Base64url));
  }

  /** From now on, spans are recorded as a policy says; without one they are recorded whole. */
  applyPolicy(policy: IntakePolicy): void {
    this.#policy = policy;
  }

  /** Whether the records of requests of so many bytes would find room in the log, as far as can be told beforehand. */
  hasRoom(sizeBytes: number): boolean {
    return this.#options.ledger.hasRoom(this.#growth.expect(sizeBytes));
  }

  /**
   * @returns how many records were new
   * @throws ExporterError `request_malformed`, `request_too_large`, `service_busy`; then nothing of the request is
   *   recorded by this call
   */
  async accept(groups: readonly SpanGroup[]): Promise<number> {
    this.#options.load?.note();
    const sizeBytes = groups.reduce((sum, group) => sum + wireBytes(group), 0);
    // To find that out once its records are made would cost as much as to take it in, when there is the least to spare.
    if (!this.hasRoom(sizeBytes)) throw busy('more waits to be written than the log takes');
    const { batch, marked, known, skipped } = this.#take(groups);
    const { count } = batch;
    // Repeats may belong to appends that are still on their way: their fate is ours.
    const earlier = known.length > 0 ? [...this.#pending] : [];
    const accounted = skipped.length > 0 ? this.#account(skipped) : undefined;
    if (count > 0) {
      const appended = this.#append(() => {
        const records = batch.batch();
        this.#growth.note(sizeBytes, records.bytes.length + records.openings.length);
        return records;
      }, marked);
      this.#transcoder.endBatch(batch);
      await (accounted === undefined ? appended : Promise.all([appended, accounted]));
    } else await accounted;
    if (known.length > 0) {
      await Promise.all(earlier);
      if (!known.every((span) => this.#options.producers.has(span))) {
        throw busy('an earlier request with the same spans could not be written');
      }
    }
    return count;
  }

  /**
   * Appends records that the service itself makes; resolves once they are durable.
   *
   * @throws as {@link Intake.accept}
   */
  async record(drafts: readonly RecordDraft[]): Promise<void> {
    await this.recordDerived(drafts.map((draft) => ({ draft })));
  }

  /**
   * Appends records that followers derived, with the references of the records that they rest on; resolves once they
   * are durable.
   *
   * @throws as {@link Intake.accept}
   */
  async recordDerived(drafts: readonly DerivedDraft[]): Promise<void> {
    await this.#append(() =>
      buildEntryBatch(
        drafts.map((draft) => this.#refer(draft)),
        CRYPTO,
      ),
    );
  }

  /** A snapshot as of now; undefined if an append failed meanwhile, or the caller should try later. */
  async snapshot(): Promise<IntakeSnapshot | undefined> {
    const failures = this.#failures;
    // In this order, and in one turn: what is durable now is marked, and what is marked now is pending or durable.
    const position = this.#options.ledger.sizes().durable;
    const producers = this.#options.producers.snapshot();
    await Promise.all(this.#pending);
    return failures === this.#failures ? { position, producers } : undefined;
  }

  /** Resolves once every append that is under way now is durable or has failed. */
  async settled(): Promise<void> {
    await Promise.all(this.#pending);
  }

  /** Reads a request, marks its spans as taken in, and writes the records of those that are new. */
  #take(groups: readonly SpanGroup[]): TakenRequest {
    if (this.#policy?.sha256 !== this.#learnedUnder) {
      this.#transcoder.forget();
      this.#learnedUnder = this.#policy?.sha256;
    }
    const request = new RequestReading(this.#options, this.#transcoder, this.#policy);
    try {
      return this.#options.references.attempt(() => request.read(groups));
    } catch (cause) {
      request.marked.takeBack(this.#options.producers);
      throw asRequestError(cause);
    }
  }

  /** Keeps account of spans that are not recorded, so that they count as taken in. */
  async #account(skipped: readonly SkippedSpan[]): Promise<void> {
    const { promise: settled, resolve: settle } = Promise.withResolvers<void>();
    this.#pending.add(settled);
    try {
      await this.#policy?.account(skipped);
    } catch (cause) {
      this.#failures++;
      for (const span of skipped) this.#options.producers.delete(span);
      throw busy('what the audit policy leaves out cannot be accounted for now', cause);
    } finally {
      this.#pending.delete(settled);
      settle();
    }
  }

  /** @param build - makes the batch, which the ledger copies at once */
  async #append(build: () => EntryBatch, marked?: Marks): Promise<void> {
    const { promise: settled, resolve: settle } = Promise.withResolvers<void>();
    this.#pending.add(settled);
    try {
      await this.#options.ledger.append(build());
    } catch (cause) {
      this.#failures++;
      marked?.takeBack(this.#options.producers);
      throw asRequestError(cause);
    } finally {
      this.#pending.delete(settled);
      settle();
    }
  }

  #refer(derived: DerivedDraft): ReferencedDraft {
    const { references } = this.#options;
    const isErased = [derived.actorRef, derived.sessionRef].some(
      (reference) => reference !== undefined && references.isErased(reference),
    );
    // A follower may have derived it from what it knew before: that it happened stays, of whom does not.
    const draft = isErased ? { ...derived.draft, groups: {} } : derived.draft;
    const actorRef =
      derived.actorRef ?? references.ofSubject(draft.subject ?? { issuer: '', id: '', type: 'system' });
    if (derived.sessionRef !== undefined) return { draft, actorRef, sessionRef: derived.sessionRef };
    if (draft.session === undefined) return { draft, actorRef };
    return { draft, actorRef, sessionRef: references.ofSession(draft.session) };
  }
}

/** How many bytes the spans of a group came in; 0 where they are decoded already. */
function wireBytes(group: SpanGroup): number {
  return 'reader' in group ? (group.ranges.at(-1) ?? 0) - (group.ranges[0] ?? 0) : 0;
}

/** What a sender is told; what is nobody's fault but ours is passed on as it is. */
function asRequestError(cause: unknown): unknown {
  if (cause instanceof RecordError) {
    if (cause.code === 'batch_too_large' || cause.code === 'entry_too_large') {
      return tooLarge('a record stays over its limit', 'Send smaller batches, or shorter attributes.');
    }
    return malformed(`a span has no canonical form (${cause.code})`, cause);
  }
  if (cause instanceof LedgerError) {
    switch (cause.code) {
      case 'batch_too_large':
        return tooLarge('its records are more than the ledger takes at once', 'Send smaller batches.');
      case 'append_failed':
      case 'ledger_busy':
      case 'ledger_closed':
      case 'ledger_full':
        return busy(`the ledger does not take more now (${cause.code})`, cause);
      default:
        return cause;
    }
  }
  return cause;
}
