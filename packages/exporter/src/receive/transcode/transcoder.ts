import {
  type BatchCrypto,
  buildEntryBatch,
  type RecordDraft,
  type ReferencedDraft,
} from '@spanledger/record';
import type { ReferenceBook } from '../../reference-book.ts';
import type { SpanKernel } from '../kernel/span-kernel.ts';
import { keysOf, type ShapeNode, ShapeTrie } from '../shape/shape-trie.ts';
import { makeShape, type SpanShape } from '../shape/span-shape.ts';
import { KEY_BYTES } from '../span-key.ts';
import { SpanScan } from '../wire/span-scan.ts';
import type { WireReader } from '../wire/wire-reader.ts';
import { BatchWriter } from './batch-writer.ts';
import { type GroupContext, GroupContexts } from './group-context.ts';
import { KernelPath, type WriteHere } from './kernel-path.ts';
import { KnownSpan } from './known-span.ts';
import { areParties, partiesOf } from './parties.ts';
import { PartyReferences } from './party-references.ts';
import { type SpanFacts, SpanWriter } from './span-writer.ts';
import { traitsOf } from './span-traits.ts';
import { compileTemplate } from './template-compiler.ts';
import { findTemplate, fixedValues, hashOf, type ShapeTemplates, TemplateTable } from './template-table.ts';
import type { Template } from './template.ts';
import { planValueSlots, type ValueSlot } from './value-slots.ts';
import { isSameRecord, TRIAL_REFERENCE, trialCrypto } from './trial.ts';
import { smallInteger } from './wire-value.ts';

/** What is known of an order of keys, by span kind. */
interface KnownShape {
  kinds: (KnownKind | undefined)[];
}

interface KnownKind {
  shape: SpanShape | undefined;
  templates: ShapeTemplates;
  /** How often no template came of a lesson, by hash. */
  failures: Map<number, number>;
}

/** What is learned from a span, once it is known what its record is. */
export interface OpenLesson {
  kind: KnownKind;
  hash: number;
  context: number;
  traits: number;
  fixed: Uint8Array;
  slots: readonly ValueSlot[];
}

/** After so many lessons of which nothing came, no more are taken. */
const MAX_FAILURES = 4;
/** Hashes of which that is known; beyond, all are tried again. */
const MAX_FAILED_HASHES = 256;

const SPAN_KINDS = 6;
const TRACE_ID_BYTES = 16;

/**
 * Turns spans of the wire into canonical bytes without building objects of them. What it takes for that it learns from
 * spans that were mapped the slow way: a template is used only after it has reproduced the bytes of the span that it was
 * made from. Whatever a template does not fit goes the slow way again.
 */
export class Transcoder {
  readonly #references: PartyReferences;
  readonly #crypto: Required<BatchCrypto>;
  readonly #kernel: SpanKernel | undefined;
  readonly #kernelPath: KernelPath | undefined;
  readonly #trie: ShapeTrie<KnownShape> = new ShapeTrie();
  readonly #scan: SpanScan<KnownShape> = new SpanScan();
  readonly #contexts: GroupContexts = new GroupContexts();
  readonly #table: TemplateTable = new TemplateTable();
  readonly #writer: SpanWriter = new SpanWriter();
  readonly #key: Uint8Array = new Uint8Array(KEY_BYTES);
  readonly #known: KnownSpan = new KnownSpan(new Int32Array(this.#key.buffer));
  #spare: BatchWriter | undefined;
  // Of the span that was looked at last.
  #start = 0;
  #end = 0;
  #node: ShapeNode<KnownShape> | undefined;
  #template: Template | undefined;
  #isKnown = false;
  #traits = 0;
  #hash = 0;
  #number = 0;

  /** @param kernel - does the same for what is ordinary, where there is one */
  constructor(
    references: Pick<ReferenceBook, 'ofSubject' | 'ofSession' | 'generation'>,
    crypto: Required<BatchCrypto>,
    kernel?: SpanKernel,
  ) {
    this.#references = new PartyReferences(references);
    this.#crypto = crypto;
    this.#kernel = kernel;
    this.#kernelPath = kernel && new KernelPath(kernel, this.#references, crypto);
  }

  /** How many templates are known. */
  get templates(): number {
    return this.#table.count;
  }

  /** Forgets all templates: what records are made of has changed. */
  forget(): void {
    this.#trie.clear();
    this.#table.clear();
    this.#kernelPath?.forget();
  }

  /** What a group of spans has in common; undefined where its spans are for the slow way. */
  contextOf(group: Parameters<GroupContexts['of']>[0]): GroupContext | undefined {
    return this.#contexts.of(group);
  }

  /**
   * A writer for the spans of a request.
   *
   * @param spans - how many there are at the most
   */
  startBatch(spans: number): BatchWriter {
    const batch = new BatchWriter(spans, this.#crypto, this.#kernel, this.#spare);
    this.#spare = undefined;
    return batch;
  }

  /** Takes back a writer whose batch nobody looks at any more. */
  endBatch(batch: BatchWriter): void {
    this.#spare = batch;
  }

  /**
   * Looks at a span. What it finds is good until the next span is looked at.
   *
   * @param start - offset of the message's first byte
   * @param end - offset just past its last
   * @returns undefined for a span that is for the slow way
   */
  find(context: GroupContext, reader: WireReader, start: number, end: number): KnownSpan | undefined {
    this.#start = start;
    this.#end = end;
    return this.#kernelPath?.find(context, reader, start, end) ?? this.#findHere(context, reader);
  }

  /** Looks at the same span without the kernel. */
  #findHere(context: GroupContext, reader: WireReader): KnownSpan | undefined {
    const scan = this.#scan;
    const { bytes } = reader;
    const [start, end] = [this.#start, this.#end];
    this.#node = scan.scan(bytes, start, end, this.#trie);
    this.#template = undefined;
    this.#isKnown = false;
    const kind = this.#node?.shape?.kinds[scan.kind];
    if (kind?.shape === undefined) return undefined;
    this.#traits = traitsOf(kind.shape, scan, bytes, context);
    this.#hash = hashOf(kind.shape, scan, bytes, context.id, this.#traits);
    const template = findTemplate(
      kind.templates,
      this.#hash,
      kind.shape,
      scan,
      bytes,
      context.id,
      this.#traits,
    );
    if (template === undefined) return undefined;
    this.#isKnown = true;
    const { number } = kind.shape;
    this.#number = 0;
    if (number >= 0) {
      this.#number = smallInteger(bytes, scan.values[2 * number] ?? 0, scan.values[2 * number + 1] ?? 0);
      if (this.#number < 1) return undefined;
    }
    this.#template = template;
    this.#noteKey(bytes);
    return this.#known.set(context.streamId, this.#number);
  }

  /**
   * Writes the span that was found last.
   *
   * @returns false, and nothing is written, where it is for the slow way after all
   * @throws ExporterError `request_malformed`
   */
  write(context: GroupContext, reader: WireReader, batch: BatchWriter): boolean {
    const kernelPath = this.#kernelPath?.hasFound === true ? this.#kernelPath : undefined;
    if (kernelPath !== undefined) {
      if (kernelPath.write(reader, batch)) return true;
      // It may be one that only the kernel does not fit.
      if (this.#findHere(context, reader) === undefined) return false;
    }
    const template = this.#template;
    if (template === undefined) return false;
    const { streamId } = context;
    const writeHere: WriteHere = (by, references, into) =>
      this.#writer.write(
        by,
        this.#scan,
        this.#end - this.#start,
        reader,
        { streamId, number: this.#number, ...references },
        into,
      );
    kernelPath?.prove(template, batch, writeHere);
    const references = this.#references.of(template, this.#scan.values, 0, reader);
    return references !== undefined && writeHere(template, references, batch);
  }

  /**
   * Begins to learn from the span that was looked at last, for which no template was found.
   *
   * @param draft - the span's, as `mapSpan` made it
   * @returns undefined where there is nothing to learn
   */
  beginLesson(context: GroupContext, reader: WireReader, draft: RecordDraft): OpenLesson | undefined {
    const scan = this.#scan;
    const node = this.#node;
    if (node === undefined || this.#isKnown) return undefined;
    const known = (node.shape ??= { kinds: Array.from({ length: SPAN_KINDS }, () => undefined) });
    const kind = (known.kinds[scan.kind] ??= {
      shape: makeShape(
        keysOf(node).map((key) => Buffer.from(key).toString()),
        scan.kind,
      ),
      templates: new Map(),
      failures: new Map(),
    });
    const { shape } = kind;
    if (shape === undefined) return undefined;
    const traits = traitsOf(shape, scan, reader.bytes, context);
    const hash = hashOf(shape, scan, reader.bytes, context.id, traits);
    if ((kind.failures.get(hash) ?? 0) >= MAX_FAILURES || !this.#table.isKnown(hash)) return undefined;
    noteFailure(kind.failures, hash);
    const fixed = fixedValues(shape, scan, reader.bytes);
    const slots = planValueSlots(
      shape,
      {
        spanKind: scan.kind,
        hasName: scan.nameEnd > scan.name,
        hasMessage: scan.messageEnd > scan.message,
        committed: context.committed,
      },
      draft,
    );
    if (fixed === undefined || slots === undefined) return undefined;
    return { kind, hash, context: context.id, traits, fixed, slots };
  }

  /**
   * Makes a template of the span that was looked at last, if it reproduces the span's record.
   *
   * @param draft - as it is about to be recorded
   * @param start - offset of the span's message
   * @param end - offset just past it
   */
  learn(
    lesson: OpenLesson,
    draft: RecordDraft,
    context: GroupContext,
    reader: WireReader,
    start: number,
    end: number,
  ): void {
    const { kind, hash } = lesson;
    if (kind.shape === undefined) return;
    const template = compileTemplate(draft, { ...lesson, shape: kind.shape });
    if (template === undefined || !this.#reproduces(template, draft, context, reader, start, end)) return;
    kind.failures.delete(hash);
    if (this.#table.isFull) this.forget();
    this.#table.add(kind.templates, hash, template);
    this.#kernelPath?.add(template, kind.shape, this.#scan.kind);
  }

  #reproduces(
    template: Template,
    draft: RecordDraft,
    { streamId }: GroupContext,
    reader: WireReader,
    start: number,
    end: number,
  ): boolean {
    const crypto = trialCrypto(this.#crypto);
    const referenced: ReferencedDraft = {
      draft,
      actorRef: TRIAL_REFERENCE,
      ...(draft.session !== undefined && { sessionRef: TRIAL_REFERENCE }),
    };
    const batch = new BatchWriter(1, crypto);
    const parties = partiesOf(template, this.#scan.values, 0, reader);
    if (parties === undefined || !areParties(parties, draft)) return false;
    const facts: SpanFacts = {
      streamId,
      number: draft.producer?.number ?? 0,
      actorRef: TRIAL_REFERENCE,
      sessionRef: TRIAL_REFERENCE,
    };
    if (!this.#writer.write(template, this.#scan, end - start, reader, facts, batch)) return false;
    return isSameRecord(batch.batch(), buildEntryBatch([referenced], crypto));
  }

  #noteKey(bytes: Uint8Array): void {
    const { traceId, spanId } = this.#scan;
    for (let i = 0; i < TRACE_ID_BYTES; i++) this.#key[i] = bytes[traceId + i] ?? 0;
    for (let i = TRACE_ID_BYTES; i < KEY_BYTES; i++) this.#key[i] = bytes[spanId + i - TRACE_ID_BYTES] ?? 0;
  }
}

function noteFailure(failures: Map<number, number>, hash: number): void {
  if (failures.size === MAX_FAILED_HASHES) failures.clear();
  failures.set(hash, (failures.get(hash) ?? 0) + 1);
}
