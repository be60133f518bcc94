import type { Ledger } from '@spanledger/ledger';
import { LedgerError } from '@spanledger/ledger';
import {
  buildEntryBatch,
  mapSpan,
  MAX_BATCH_ENTRIES,
  type OtlpSpanGroup,
  type RecordDraft,
  RecordError,
  type ReferencedDraft,
} from '@spanledger/record';
import type { DerivedDraft } from '../derived-draft.ts';
import type { IntakePolicy, SkippedSpan } from '../intake-policy.ts';
import type { ReferenceBook } from '../reference-book.ts';
import type { Producers, ProducersSnapshot, SpanIdentity } from './producers.ts';
import { randomBytes, sha256, sha256Base64url } from './record-crypto.ts';
import { busy, malformed, tooLarge } from './request-errors.ts';

/** What {@link Intake} needs of the log. */
export type IntakeLedger = Pick<Ledger, 'append' | 'sizes'>;

/** The rooms that intake joins. */
export interface IntakeOptions {
  ledger: IntakeLedger;
  references: ReferenceBook;
  producers: Producers;
  /** Takes away, in place, what of a sender's record shall not be stored. */
  minimise?: ((draft: RecordDraft) => void) | undefined;
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

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** From now on, spans are recorded as a policy says; without one they are recorded whole. */
  applyPolicy(policy: IntakePolicy): void {
    this.#policy = policy;
  }

  /**
   * @returns how many records were new
   * @throws ExporterError `request_malformed`, `request_too_large`, `service_busy`; then nothing of the request is
   *   recorded by this call
   */
  async accept(groups: readonly OtlpSpanGroup[]): Promise<number> {
    const { drafts, marked, known, skipped } = this.#mark(groups);
    // Repeats may belong to appends that are still on their way: their fate is ours.
    const earlier = known.length > 0 ? [...this.#pending] : [];
    const accounted = skipped.length > 0 ? this.#account(skipped) : undefined;
    if (drafts.length > 0) {
      const appended = this.#append(
        drafts.map((draft) => ({ draft })),
        marked,
      );
      await (accounted === undefined ? appended : Promise.all([appended, accounted]));
    } else await accounted;
    if (known.length > 0) {
      await Promise.all(earlier);
      if (!known.every((span) => this.#options.producers.has(span))) {
        throw busy('an earlier request with the same spans could not be written');
      }
    }
    return drafts.length;
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
    await this.#append(drafts, []);
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

  #mark(groups: readonly OtlpSpanGroup[]): {
    drafts: RecordDraft[];
    marked: SpanIdentity[];
    known: SpanIdentity[];
    skipped: readonly SkippedSpan[];
  } {
    const { producers, minimise } = this.#options;
    const policy = this.#policy;
    const drafts: RecordDraft[] = [];
    const made: RecordDraft[][] = [];
    const marked: SpanIdentity[] = [];
    const known: SpanIdentity[] = [];
    try {
      for (const { resource, scope, spans } of groups) {
        for (const span of spans) {
          const ofSpan = mapSpan(span, { resource, scope });
          // A span and its lifecycle events have one number and stand or fall together.
          const [identity] = ofSpan;
          if (identity === undefined) continue;
          if (!producers.add(identity)) {
            known.push(identity);
            continue;
          }
          marked.push(identity);
          if (policy === undefined) drafts.push(...ofSpan);
          else made.push(ofSpan);
        }
      }
      const verdict = policy?.apply(made) ?? { drafts, skipped: [] };
      // The policy judges by what the sender says; what is kept of that is decided after.
      if (minimise !== undefined) for (const draft of verdict.drafts) minimise(draft);
      if (verdict.drafts.length > MAX_BATCH_ENTRIES) {
        throw tooLarge(`more than ${MAX_BATCH_ENTRIES} spans and lifecycle events`, 'Send smaller batches.');
      }
      return { ...verdict, marked: without(marked, verdict.skipped), known };
    } catch (cause) {
      this.#unmark(marked);
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
      this.#unmark(skipped);
      throw busy('what the audit policy leaves out cannot be accounted for now', cause);
    } finally {
      this.#pending.delete(settled);
      settle();
    }
  }

  async #append(drafts: readonly DerivedDraft[], marked: readonly SpanIdentity[]): Promise<void> {
    const { promise: settled, resolve: settle } = Promise.withResolvers<void>();
    this.#pending.add(settled);
    try {
      const batch = buildEntryBatch(
        drafts.map((draft) => this.#refer(draft)),
        { randomBytes, sha256, sha256Base64url },
      );
      await this.#options.ledger.append(batch);
    } catch (cause) {
      this.#failures++;
      this.#unmark(marked);
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

  #unmark(spans: readonly SpanIdentity[]): void {
    for (const span of spans) this.#options.producers.delete(span);
  }
}

/** Spans without those of another list. */
function without(spans: SpanIdentity[], skipped: readonly SkippedSpan[]): SpanIdentity[] {
  if (skipped.length === 0) return spans;
  const ids = new Set(skipped.map(({ id }) => id));
  return spans.filter(({ id }) => !ids.has(id));
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
