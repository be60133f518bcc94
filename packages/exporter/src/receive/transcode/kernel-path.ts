import type { BatchCrypto } from '@spanledger/record';
import type { SpanKernel } from '../kernel/span-kernel.ts';
import type { SpanShape } from '../shape/span-shape.ts';
import type { WireReader } from '../wire/wire-reader.ts';
import type { BatchWriter } from './batch-writer.ts';
import type { GroupContext } from './group-context.ts';
import { KnownSpan } from './known-span.ts';
import type { PartyReferences } from './party-references.ts';
import type { Template } from './template.ts';
import { isSameRecord, startTrial, TRIAL_REFERENCE } from './trial.ts';

/** Writes a span by TypeScript; false where it does not fit. */
export type WriteHere = (
  template: Template,
  references: { actorRef: string; sessionRef: string },
  batch: BatchWriter,
) => boolean;

/**
 * The way of a span through the kernel. By a template the kernel writes only once it has written, for a span that came,
 * the same bytes as TypeScript.
 */
export class KernelPath {
  readonly #kernel: SpanKernel;
  readonly #references: PartyReferences;
  readonly #crypto: Required<BatchCrypto>;
  readonly #known: KnownSpan;
  // Of the span that was looked at last: its template's handle, 0 where the kernel knows none, and its length.
  #handle = 0;
  #sizeBytes = 0;
  /** Of the references that the kernel keeps. */
  #generation: number | undefined;

  constructor(kernel: SpanKernel, references: PartyReferences, crypto: Required<BatchCrypto>) {
    this.#kernel = kernel;
    this.#known = new KnownSpan(kernel.spanKey);
    this.#references = references;
    this.#crypto = crypto;
  }

  /** Whether the span that was looked at last is one that the kernel knows a template for. */
  get hasFound(): boolean {
    return this.#handle !== 0;
  }

  /** Has the kernel know a template. */
  add(template: Template, shape: SpanShape, kind: number): void {
    this.#kernel.tables.add(template, shape, kind);
  }

  forget(): void {
    this.#kernel.tables.clear();
  }

  /** Looks at a span; undefined for one that the kernel knows no template for. */
  find(context: GroupContext, { bytes }: WireReader, start: number, end: number): KnownSpan | undefined {
    const kernel = this.#kernel;
    this.#handle = kernel.find(bytes, start, end, context.id, context.streamId);
    this.#sizeBytes = end - start;
    return this.#handle === 0 ? undefined : this.#known.set(context.streamId, kernel.number);
  }

  /**
   * Writes the span that was found last.
   *
   * @returns false, and nothing is written, where the kernel does not fit it, or is not to be trusted with it yet
   * @throws ExporterError `request_malformed`
   */
  write(reader: WireReader, batch: BatchWriter): boolean {
    const kernel = this.#kernel;
    const handle = this.#handle;
    if (!kernel.tables.isProven(handle)) return false;
    if (this.#generation !== this.#references.generation) {
      kernel.forgetParties();
      this.#generation = this.#references.generation;
    }
    const isWritten = kernel.writeKnown(handle, this.#sizeBytes, batch);
    if (isWritten !== undefined) return isWritten;
    const template = kernel.tables.template(handle);
    const references = template && this.#references.of(template, kernel.values, kernel.shift, reader);
    if (references === undefined) return false;
    const { actorRef, sessionRef } = references;
    if (!kernel.write(handle, this.#sizeBytes, actorRef, sessionRef, batch)) return false;
    kernel.keepParties(handle);
    return true;
  }

  /** Finds out whether the kernel writes of the span that was found last what TypeScript writes, unless that is known. */
  prove(template: Template, batch: BatchWriter, writeHere: WriteHere): void {
    const kernel = this.#kernel;
    const { tables } = kernel;
    if (tables.isProven(this.#handle)) return;
    // The kernel has one run at a time.
    batch.settle();
    const sessionRef = template.session < 0 ? '' : TRIAL_REFERENCE;
    const [theirs, ours] = [startTrial(this.#crypto), startTrial(this.#crypto)];
    if (!kernel.write(this.#handle, this.#sizeBytes, TRIAL_REFERENCE, sessionRef, theirs)) {
      tables.noteMisfit(this.#handle);
      return;
    }
    kernel.flush(theirs);
    const isRight =
      template === tables.template(this.#handle) &&
      writeHere(template, { actorRef: TRIAL_REFERENCE, sessionRef }, ours) &&
      isSameRecord(theirs.batch(), ours.batch());
    if (isRight) tables.prove(this.#handle);
    else tables.retire(this.#handle);
  }
}
