import { COMMITMENT_GROUPS } from '@spanledger/record';
import type { SpanShape } from '../shape/span-shape.ts';
import { STEP_LITERAL } from '../transcode/steps.ts';
import type { Program, Template } from '../transcode/template.ts';
import type { KernelExports } from './kernel-exports.ts';
import {
  GROUP_BYTES,
  GROUPS_AT,
  NO_ATTRIBUTE,
  SHAPE_BYTES,
  SHAPE_CLIENT,
  SHAPE_COUNT,
  SHAPE_FIXED,
  SHAPE_FIXED_COUNT,
  SHAPE_KEYS,
  SHAPE_KIND,
  SHAPE_NUMBER,
  SHAPE_USER,
  STEP_BYTES,
  TABLES_AT,
  TABLES_END,
  TEMPLATE_ACTOR,
  TEMPLATE_BYTES,
  TEMPLATE_CONTEXT,
  TEMPLATE_FIXED,
  TEMPLATE_GROUP_COUNT,
  TEMPLATE_GROUPS,
  TEMPLATE_RECORD,
  TEMPLATE_SESSION,
  TEMPLATE_SHAPE,
  TEMPLATE_SIZE,
  TEMPLATE_TRAITS,
  TEMPLATE_UNWRITTEN,
} from './layout.ts';

/** Vectors are read and written past the end of what is meant. */
const VECTOR_BYTES = 16;
const WORD_BYTES = 4;

/** Spans by which a template is tried in vain. */
const MAX_MISFITS = 16;

/** Puts shapes and templates into the kernel's memory, until that is full: then those that come later are not known there. */
export class KernelTables {
  readonly #exports: KernelExports;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #shapes: Map<SpanShape, number> = new Map();
  readonly #templates: Map<number, Template> = new Map();
  /** Those by which the kernel has written what TypeScript writes. */
  readonly #proven: Set<number> = new Set();
  /** How many spans did not fit those that are not proven. */
  readonly #misfits: Map<number, number> = new Map();
  /** Who names parties: no number is given twice, for what is known of names outlives templates. */
  readonly #namers: Map<string, number> = new Map();
  #nextNamer = 1;
  #next = 0;

  constructor(exports: KernelExports) {
    this.#exports = exports;
    this.#bytes = new Uint8Array(exports.memory.buffer);
    this.#view = new DataView(exports.memory.buffer);
    this.clear();
  }

  /** The template of a handle. */
  template(handle: number): Template | undefined {
    return this.#templates.get(handle);
  }

  /** Whether a template may be written by. */
  isProven(handle: number): boolean {
    return this.#proven.has(handle);
  }

  /** From now on, a template may be written by. */
  prove(handle: number): void {
    this.#proven.add(handle);
  }

  /** A span that a template is for is nothing for the kernel; after some of them, it is not asked again. */
  noteMisfit(handle: number): void {
    const misfits = (this.#misfits.get(handle) ?? 0) + 1;
    if (misfits === MAX_MISFITS) this.retire(handle);
    else this.#misfits.set(handle, misfits);
  }

  /** Forgets all. */
  clear(): void {
    this.#exports.clear();
    this.#shapes.clear();
    this.#templates.clear();
    this.#proven.clear();
    this.#misfits.clear();
    this.#namers.clear();
    this.#next = TABLES_AT;
    for (const [at, group] of COMMITMENT_GROUPS.entries()) {
      const heads = [`"${group}":{`, `{"group":"${group}",`].map((head) => Buffer.from(head, 'latin1'));
      for (const [i, head] of heads.entries()) this.#setPiece(GROUPS_AT + at * GROUP_BYTES + 8 * i, head);
    }
  }

  /** Adds a template, which is to be proven before it is written by. Where there is no room, it is never found. */
  add(template: Template, shape: SpanShape, kind: number): void {
    const before = this.#next;
    const known = this.#shapes.get(shape);
    const at = known ?? this.#addShape(shape, kind);
    const handle = at === 0 ? 0 : this.#addTemplate(template, at, shape);
    if (handle === 0) {
      this.#next = before;
      return;
    }
    if (known === undefined) {
      this.#exports.addShape(at);
      this.#shapes.set(shape, at);
    }
    this.#exports.addTemplate(handle);
    this.#templates.set(handle, template);
  }

  /** Has a template never be found again. */
  retire(handle: number): void {
    this.#set(handle + TEMPLATE_CONTEXT, 0);
    this.#templates.delete(handle);
    this.#proven.delete(handle);
    this.#misfits.delete(handle);
  }

  #addShape({ keys, fixed, number, user, client }: SpanShape, kind: number): number {
    const at = this.#take(SHAPE_BYTES);
    const indexes = this.#take(fixed.length * WORD_BYTES);
    const pieces = this.#pieces(keys.map((key) => Buffer.from(key)));
    if (at === 0 || indexes === 0 || pieces === 0) return 0;
    this.#set(at + SHAPE_KIND, kind);
    this.#set(at + SHAPE_COUNT, keys.length);
    this.#set(at + SHAPE_NUMBER, number);
    this.#set(at + SHAPE_USER, user);
    this.#set(at + SHAPE_CLIENT, client);
    this.#set(at + SHAPE_FIXED_COUNT, fixed.length);
    this.#set(at + SHAPE_FIXED, indexes);
    this.#set(at + SHAPE_KEYS, pieces);
    for (const [i, index] of fixed.entries()) this.#set(indexes + i * WORD_BYTES, index);
    return at;
  }

  #addTemplate(template: Template, shapeAt: number, { fixed }: SpanShape): number {
    const at = this.#take(TEMPLATE_BYTES);
    const values = this.#pieces(splitValues(template.fixed, fixed.length));
    const record = this.#program(template.record);
    const unwritten = template.unwritten === undefined ? undefined : this.#program(template.unwritten);
    const groups = template.groups.map(({ at: group, program }) => ({ group, at: this.#program(program) }));
    if ([at, values, record, unwritten, ...groups.map((group) => group.at)].includes(0)) return 0;
    this.#set(at + TEMPLATE_CONTEXT, template.context);
    this.#set(at + TEMPLATE_TRAITS, template.traits);
    this.#set(at + TEMPLATE_SHAPE, shapeAt);
    this.#set(at + TEMPLATE_FIXED, values);
    this.#set(at + TEMPLATE_SIZE, template.sizeBytes);
    this.#set(at + TEMPLATE_UNWRITTEN, unwritten ?? 0);
    this.#set(at + TEMPLATE_RECORD, record);
    this.#set(at + TEMPLATE_GROUP_COUNT, groups.length);
    for (const [i, group] of groups.entries()) {
      this.#set(at + TEMPLATE_GROUPS + 8 * i, group.group);
      this.#set(at + TEMPLATE_GROUPS + 8 * i + WORD_BYTES, group.at);
    }
    this.#setParties(at, template);
    return at;
  }

  #setParties(at: number, { subject, session, sessionIssuer }: Template): void {
    // A user whose name is the client's is another party: the same name has another place where there is another client.
    const [namer, attribute] =
      subject.kind === 'user'
        ? [['user', subject.type, subject.issuer, subject.client], subject.attribute]
        : [['fixed', subject.subject.type, subject.subject.issuer, subject.subject.id], NO_ATTRIBUTE];
    this.#set(at + TEMPLATE_ACTOR, this.#namer(namer));
    this.#set(at + TEMPLATE_ACTOR + WORD_BYTES, attribute);
    this.#set(at + TEMPLATE_SESSION, session < 0 ? 0 : this.#namer(['session', sessionIssuer]));
    this.#set(at + TEMPLATE_SESSION + WORD_BYTES, session);
  }

  #namer(name: readonly (string | undefined)[]): number {
    const key = JSON.stringify(name);
    const known = this.#namers.get(key) ?? this.#nextNamer++;
    this.#namers.set(key, known);
    return known;
  }

  #program({ steps, arguments: args, literals }: Program): number {
    const at = this.#take(WORD_BYTES + steps.length * STEP_BYTES);
    if (at === 0) return 0;
    this.#set(at, steps.length);
    for (const [i, step] of steps.entries()) {
      const place = at + WORD_BYTES + i * STEP_BYTES;
      const argument = args[i] ?? 0;
      this.#set(place, step);
      if (step !== STEP_LITERAL) this.#set(place + WORD_BYTES, argument);
      else if (!this.#setPiece(place + WORD_BYTES, literals[argument] ?? new Uint8Array(0))) return 0;
    }
    return at;
  }

  /** Addresses and lengths of some pieces; 0 where there is no room. */
  #pieces(pieces: readonly Uint8Array[]): number {
    const at = this.#take(2 * WORD_BYTES * pieces.length);
    if (at === 0) return 0;
    return pieces.every((piece, i) => this.#setPiece(at + 2 * WORD_BYTES * i, piece)) ? at : 0;
  }

  /** Puts bytes into the memory, and at a place where they are and how many; false where there is no room. */
  #setPiece(place: number, bytes: Uint8Array): boolean {
    const at = this.#take(bytes.length);
    if (at === 0) return false;
    this.#bytes.set(bytes, at);
    this.#set(place, at);
    this.#set(place + WORD_BYTES, bytes.length);
    return true;
  }

  #set(at: number, word: number): void {
    this.#view.setInt32(at, word, true);
  }

  #take(sizeBytes: number): number {
    const at = this.#next;
    const next = at + Math.ceil((sizeBytes + VECTOR_BYTES) / VECTOR_BYTES) * VECTOR_BYTES;
    if (next > TABLES_END) return 0;
    this.#next = next;
    return at;
  }
}

/** The values of a template's fixed attributes, which stand in it each behind its length. */
function splitValues(fixed: Uint8Array, count: number): Uint8Array[] {
  const values: Uint8Array[] = [];
  for (let at = 0; values.length < count;) {
    const end = at + 2 + (fixed[at] ?? 0) + ((fixed[at + 1] ?? 0) << 8);
    values.push(fixed.subarray(at + 2, end));
    at = end;
  }
  return values;
}
