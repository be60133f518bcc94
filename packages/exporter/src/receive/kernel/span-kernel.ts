import { COMMITMENT_GROUPS } from '@spanledger/record';
import { MAX_LEARNED_ATTRIBUTES } from '../limits.ts';
import { KEY_WORDS, type SpanKey } from '../span-key.ts';
import { writeAscii } from '../transcode/text.ts';
import { isKernel, type KernelExports } from './kernel-exports.ts';
import { instantiateKernel } from './kernel-module.ts';
import { KernelTables } from './kernel-tables.ts';
import {
  ACTOR_AT,
  ENTRIES_AT,
  FULL,
  JOB_BYTES,
  MAX_RUN,
  MAX_STREAM_BYTES,
  MEMORY_PAGES,
  NUMBER_AT,
  OPENINGS_AT,
  ORDER_AT,
  REFERENCE_BYTES,
  REQUEST_AT,
  REQUEST_BYTES,
  RESULT_BYTES,
  RESULTS_AT,
  SALT_BYTES,
  SALTS_AT,
  SESSION_AT,
  SPAN_KEY_AT,
  STREAM_AT,
  UNKNOWN_PARTY,
  VALUES_AT,
  WRITTEN,
} from './layout.ts';

const PAGE_BYTES = 65_536;
const SALTS_PER_SPAN = COMMITMENT_GROUPS.length;
const MAX_SALTS_BYTES = MAX_RUN * SALTS_PER_SPAN * SALT_BYTES;
/** Jobs that the kernel leaves are named behind the lanes' own places. */
const LEFT_AT = ORDER_AT + 16;

/** Where a run of records is taken to. */
export interface RunTaker {
  /** @returns salts for what comes next, 16 bytes each; those that are not used are given again */
  beginRun(): Uint8Array;
  /** @param usedSalts - how many of them were used */
  takeRun(run: KernelRun, usedSalts: number): void;
}

/** Records and opened groups that the kernel wrote; good until it writes again. */
export interface KernelRun {
  count: number;
  entries: Uint8Array;
  openings: Uint8Array;
  /** Of each record: where it ends, where its hole is, where its opened groups end. */
  results: Uint32Array;
}

/**
 * The inner loop of the intake in WebAssembly: it finds the templates of spans, and writes what they say, a run of spans
 * at a time. It does what `Transcoder` and `SpanWriter` do, for what is ordinary, and leaves them all else.
 */
export class SpanKernel {
  /** Where attributes' values begin and end that was found last, as `SpanScan.values`; see {@link shift}. */
  readonly values: Uint32Array;
  /** Of the span that was found last. */
  readonly spanKey: SpanKey;
  readonly tables: KernelTables;
  readonly #exports: KernelExports;
  readonly #bytes: Buffer;
  readonly #words: Uint32Array;
  readonly #number: Float64Array;
  readonly #sha256Base64url: (bytes: Uint8Array) => string;
  #request: Uint8Array | undefined;
  #start = 0;
  #end = 0;
  #streamId: string | undefined;
  #count = 0;

  private constructor(exports: KernelExports, sha256Base64url: (bytes: Uint8Array) => string) {
    this.#exports = exports;
    const { buffer } = exports.memory;
    this.#bytes = Buffer.from(buffer);
    this.#words = new Uint32Array(buffer);
    this.#number = new Float64Array(buffer, NUMBER_AT, 1);
    this.spanKey = new Int32Array(buffer, SPAN_KEY_AT, KEY_WORDS);
    this.values = new Uint32Array(buffer, VALUES_AT, 2 * MAX_LEARNED_ATTRIBUTES);
    this.tables = new KernelTables(exports);
    this.#sha256Base64url = sha256Base64url;
  }

  /**
   * Makes one; undefined where there is no WebAssembly, or it was not built: then all goes by way of TypeScript.
   *
   * @param sha256Base64url - for groups that are too long for the kernel
   */
  static create(sha256Base64url: (bytes: Uint8Array) => string): SpanKernel | undefined {
    const exports = instantiateKernel({ abort: () => undefined });
    if (exports === undefined || !isKernel(exports)) return undefined;
    if (exports.memory.buffer.byteLength !== MEMORY_PAGES * PAGE_BYTES) return undefined;
    return new SpanKernel(exports, sha256Base64url);
  }

  /** What is to be taken from {@link values} for offsets of the request. */
  get shift(): number {
    return REQUEST_AT - this.#start;
  }

  /** The producer's number of the span that was found last; 0 where it has none. */
  get number(): number {
    return this.#number[0] ?? 0;
  }

  /** Records that are written and not yet taken. */
  get count(): number {
    return this.#count;
  }

  /** Forgets the request, and what was written of it and not taken. */
  reset(): void {
    this.#request = undefined;
    this.#count = 0;
  }

  /**
   * Looks at a span; what it finds is good until the next one is looked at.
   *
   * @param context - number of the group's context
   * @returns the handle of its template; 0 where none is known
   */
  find(request: Uint8Array, start: number, end: number, context: number, streamId: string): number {
    if (!this.#hold(request, start, end) || !this.#setStream(streamId)) return 0;
    this.#number[0] = 0;
    const shift = this.shift;
    return this.#exports.find(start + shift, end + shift, context, streamId === '' ? 0 : 1);
  }

  /**
   * Writes the span that was found last, if the references of its parties are kept.
   *
   * @param template - what {@link find} gave
   * @returns false, and nothing written, where it does not fit; undefined where a party is not known
   */
  writeKnown(template: number, spanBytes: number, taker: RunTaker): boolean | undefined {
    const outcome = this.#write(() => this.#exports.writeKnown(template, spanBytes), taker);
    return outcome === UNKNOWN_PARTY ? undefined : outcome === WRITTEN;
  }

  /**
   * Writes the span that was found last.
   *
   * @param template - what {@link find} gave
   * @param session - reference of the session; empty where there is none
   * @returns false, and nothing written, where it does not fit
   */
  write(template: number, spanBytes: number, actor: string, session: string, taker: RunTaker): boolean {
    if (actor.length !== REFERENCE_BYTES) return false;
    writeAscii(this.#bytes, ACTOR_AT, actor);
    writeAscii(this.#bytes, SESSION_AT, session);
    return this.#write(() => this.#exports.write(template, spanBytes), taker) === WRITTEN;
  }

  /** Keeps the references that a span was written with, by its names: it has to be the one that was written last. */
  keepParties(template: number): void {
    this.#exports.keepParties(template);
  }

  /** Forgets what references there are. */
  forgetParties(): void {
    this.#exports.forgetParties();
  }

  #write(write: () => number, taker: RunTaker): number {
    // A run that holds nothing may be one that was given up.
    if (this.#count === 0) this.#begin(taker);
    let outcome = write();
    if (outcome === FULL && this.#count > 0) {
      this.flush(taker);
      this.#begin(taker);
      outcome = write();
    }
    if (outcome === WRITTEN) this.#count++;
    return outcome;
  }

  /** Has what is written taken. */
  flush(taker: RunTaker): void {
    const count = this.#count;
    if (count === 0) return;
    const left = this.#exports.commit();
    for (let i = 0; i < left; i++) this.#commitTo((this.#words[(LEFT_AT >> 2) + i] ?? 0) >> 2);
    const first = RESULTS_AT >> 2;
    const results = this.#words.subarray(first, first + (count * RESULT_BYTES) / 4);
    const entriesBytes = results[results.length - 3] ?? 0;
    const openingsBytes = results[results.length - 1] ?? 0;
    this.#count = 0;
    taker.takeRun(
      {
        count,
        entries: this.#bytes.subarray(ENTRIES_AT, ENTRIES_AT + entriesBytes),
        openings: this.#bytes.subarray(OPENINGS_AT, OPENINGS_AT + openingsBytes),
        results,
      },
      this.#exports.usedSalts(),
    );
  }

  #begin(taker: RunTaker): void {
    this.#bytes.set(taker.beginRun().subarray(0, MAX_SALTS_BYTES), SALTS_AT);
    this.#exports.begin();
  }

  /** Commits to a group that is too long for the kernel. */
  #commitTo(job: number): void {
    const [head = 0, headBytes = 0, body = 0, bodyBytes = 0, place = 0] = this.#words.subarray(
      job,
      job + JOB_BYTES / 4,
    );
    const message = new Uint8Array(headBytes + bodyBytes);
    message.set(this.#bytes.subarray(head, head + headBytes));
    message.set(this.#bytes.subarray(body, body + bodyBytes), headBytes);
    writeAscii(this.#bytes, place, this.#sha256Base64url(message));
  }

  /** Has a part of a request in memory that holds a span; false for a span that is too long for it. */
  #hold(request: Uint8Array, start: number, end: number): boolean {
    if (request === this.#request && start >= this.#start && end <= this.#end) return true;
    if (end - start > REQUEST_BYTES) return false;
    this.#request = request;
    this.#start = start;
    this.#end = Math.min(request.length, start + REQUEST_BYTES);
    this.#bytes.set(request.subarray(this.#start, this.#end), REQUEST_AT);
    return true;
  }

  #setStream(streamId: string): boolean {
    if (streamId === this.#streamId) return true;
    if (streamId.length > MAX_STREAM_BYTES) return false;
    writeAscii(this.#bytes, STREAM_AT, streamId);
    this.#exports.setStream(streamId.length);
    this.#streamId = streamId;
    return true;
  }
}
