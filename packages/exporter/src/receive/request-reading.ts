import {
  mapSpan,
  MAX_BATCH_ENTRIES,
  type OtlpSpan,
  type RecordDraft,
  type ReferencedDraft,
} from '@spanledger/record';
import type { IntakePolicy, SkippedSpan } from '../intake-policy.ts';
import type { ReferenceBook } from '../reference-book.ts';
import { Marks } from './marks.ts';
import type { Producers } from './producers.ts';
import { tooLarge } from './request-errors.ts';
import type { SpanIdentity } from './span-key.ts';
import type { BatchWriter } from './transcode/batch-writer.ts';
import type { GroupContext } from './transcode/group-context.ts';
import { KnownSpan } from './transcode/known-span.ts';
import type { OpenLesson, Transcoder } from './transcode/transcoder.ts';
import { readSpan } from './wire/span-message.ts';
import { decodeGroup, type SpanGroup, type WireSpanGroup } from './wire/trace-request.ts';

/** What reading a request needs. */
export interface ReadingOptions {
  references: ReferenceBook;
  producers: Producers;
  /**
   * Takes away, in place, what of a sender's record shall not be stored.
   *
   * @returns whether that is nothing, for every record that says the same in the clear
   */
  minimise?: ((draft: RecordDraft) => boolean) | undefined;
}

/** A request that was read: nothing of it is recorded yet. */
export interface TakenRequest {
  /** The records of the spans that are new. */
  batch: BatchWriter;
  /** Spans that are new, but for those that the policy leaves out. */
  marked: Marks;
  /** Spans that were taken in before. */
  known: readonly SpanIdentity[];
  skipped: readonly SkippedSpan[];
}

/**
 * Reads one request. Spans that a template is known for are written as they stand in the request; the others are decoded
 * and mapped, and templates are learned from them. Both ways give the same bytes.
 */
export class RequestReading {
  /** Spans that were marked as taken in, those that the policy leaves out among them. */
  readonly marked: Marks = new Marks();
  readonly #options: ReadingOptions;
  readonly #transcoder: Transcoder;
  readonly #policy: IntakePolicy | undefined;
  readonly #known: SpanIdentity[] = [];
  readonly #skipped: SkippedSpan[] = [];

  constructor(options: ReadingOptions, transcoder: Transcoder, policy: IntakePolicy | undefined) {
    this.#options = options;
    this.#transcoder = transcoder;
    this.#policy = policy;
  }

  /** @throws ExporterError `request_malformed`, `request_too_large`; RecordError as `buildEntryBatch` does */
  read(groups: readonly SpanGroup[]): TakenRequest {
    const batch = this.#transcoder.startBatch(groups.reduce((sum, group) => sum + spansOf(group), 0));
    if (this.#policy?.isLocal === false) this.#readTogether(groups, batch, this.#policy);
    else {
      for (const group of groups) {
        if ('reader' in group) this.#readWire(group, batch);
        else for (const span of group.spans) this.#readSpan(span, group, batch);
      }
    }
    if (batch.count > MAX_BATCH_ENTRIES) {
      throw tooLarge(`more than ${MAX_BATCH_ENTRIES} spans and lifecycle events`, 'Send smaller batches.');
    }
    this.marked.leaveOut(this.#skipped);
    return { batch, marked: this.marked, known: this.#known, skipped: this.#skipped };
  }

  /** What a policy says of one span may rest on the others: they are all mapped before any is judged. */
  #readTogether(groups: readonly SpanGroup[], batch: BatchWriter, policy: IntakePolicy): void {
    const made: RecordDraft[][] = [];
    for (const group of groups) {
      const { spans, ...context } = decodeGroup(group);
      for (const span of spans) {
        const drafts = mapSpan(span, context);
        if (this.#mark(drafts[0])) made.push(drafts);
      }
    }
    const verdict = policy.apply(made);
    this.#skipped.push(...verdict.skipped);
    for (const draft of verdict.drafts) this.#add(draft, batch);
  }

  #readWire(group: WireSpanGroup, batch: BatchWriter): void {
    const { reader, ranges } = group;
    const transcoder = this.#transcoder;
    const context = transcoder.contextOf(group);
    for (let at = 0; at < ranges.length; at += 2) {
      const start = ranges[at] ?? 0;
      const end = ranges[at + 1] ?? 0;
      const identity = context && transcoder.find(context, reader, start, end);
      if (context !== undefined && identity !== undefined) {
        const isNew = this.#mark(identity);
        if (isNew && transcoder.write(context, reader, batch)) continue;
        reader.position = start;
        const span = readSpan(reader, end);
        // A repeat is looked at as closely as what is new, and not recorded.
        if (isNew) this.#record(mapSpan(span, group), batch);
        continue;
      }
      reader.position = start;
      const span = readSpan(reader, end);
      if (context === undefined) this.#readSpan(span, group, batch);
      else this.#readLesson(span, group, context, batch, start, end);
    }
  }

  /** Takes in a span that no template is known for, and learns from it. */
  #readLesson(
    span: OtlpSpan,
    group: WireSpanGroup,
    context: GroupContext,
    batch: BatchWriter,
    start: number,
    end: number,
  ): void {
    const drafts = mapSpan(span, group);
    const [own] = drafts;
    if (own === undefined || !this.#mark(own)) return;
    const { reader } = group;
    const isSettled = drafts.length === 1 && (this.#policy?.isSettledBy(own) ?? true);
    const lesson = isSettled ? this.#transcoder.beginLesson(context, reader, own) : undefined;
    const learn = (open: OpenLesson): void => {
      this.#transcoder.learn(open, own, context, reader, start, end);
    };
    this.#record(drafts, batch, lesson && (() => learn(lesson)));
  }

  #readSpan(span: OtlpSpan, context: Parameters<typeof mapSpan>[1], batch: BatchWriter): void {
    const drafts = mapSpan(span, context);
    if (this.#mark(drafts[0])) this.#record(drafts, batch);
  }

  /**
   * Records a span's drafts as the policy says.
   *
   * @param onOrdinary - called where what is recorded rests on nothing but the clear part of the span's own draft
   */
  #record(drafts: RecordDraft[], batch: BatchWriter, onOrdinary?: () => void): void {
    const verdict = this.#policy?.apply([drafts]) ?? { drafts, skipped: [] };
    this.#skipped.push(...verdict.skipped);
    let isOrdinary = verdict.drafts.length > 0;
    for (const draft of verdict.drafts) isOrdinary = this.#add(draft, batch) && isOrdinary;
    if (isOrdinary) onOrdinary?.();
  }

  /** The policy judges by what the sender says; what is kept of that is decided here. */
  #add(draft: RecordDraft, batch: BatchWriter): boolean {
    const isOrdinary = this.#options.minimise?.(draft) ?? true;
    batch.addDraft(this.#refer(draft));
    return isOrdinary;
  }

  #refer(draft: RecordDraft): ReferencedDraft {
    const { references } = this.#options;
    const actorRef = references.ofSubject(draft.subject ?? { issuer: '', id: '', type: 'system' });
    if (draft.session === undefined) return { draft, actorRef };
    return { draft, actorRef, sessionRef: references.ofSession(draft.session) };
  }

  /** A span and its lifecycle events have one number and stand or fall together. */
  #mark(identity: SpanIdentity | KnownSpan | undefined): boolean {
    if (identity === undefined) return false;
    const isNew = this.#options.producers.add(identity, this.marked);
    if (!isNew) this.#known.push(identity instanceof KnownSpan ? identity.keep() : identity);
    return isNew;
  }
}

function spansOf(group: SpanGroup): number {
  return 'reader' in group ? group.ranges.length / 2 : group.spans.length;
}
