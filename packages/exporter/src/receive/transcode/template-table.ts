import { MAX_FIXED_BYTES, MAX_TEMPLATE_BYTES, MAX_TEMPLATES } from '../limits.ts';
import type { SpanShape } from '../shape/span-shape.ts';
import type { SpanScan } from '../wire/span-scan.ts';
import type { Template } from './template.ts';

/** Templates that share a hash; beyond, the oldest leaves. */
const MAX_CHAIN = 4;

/** What was met once is remembered in so many places, a power of two: only what comes again is worth a template. */
const SEEN_PLACES = 4_096;

const PRIME = 0x01000193;

/** The templates of one shape, by a hash of their fixed values. */
export type ShapeTemplates = Map<number, Template[]>;

/** Bounds the templates of all shapes together, and finds them by the values that they stand for. */
export class TemplateTable {
  readonly #seen: Int32Array = new Int32Array(SEEN_PLACES);
  #count = 0;
  #sizeBytes = 0;

  /** How many templates there are. */
  get count(): number {
    return this.#count;
  }

  /** Whether there is room for another; where not, all are to be forgotten. */
  get isFull(): boolean {
    return this.#count >= MAX_TEMPLATES || this.#sizeBytes >= MAX_TEMPLATE_BYTES;
  }

  /** All templates are forgotten. */
  clear(): void {
    this.#seen.fill(0);
    this.#count = 0;
    this.#sizeBytes = 0;
  }

  /** Whether a hash was met before, lately. */
  isKnown(hash: number): boolean {
    const place = hash & (SEEN_PLACES - 1);
    if (this.#seen[place] === hash) return true;
    this.#seen[place] = hash;
    return false;
  }

  add(templates: ShapeTemplates, hash: number, template: Template): void {
    const chain = templates.get(hash) ?? [];
    templates.set(hash, chain);
    // What is taken out stays counted: the bound is reached a little early.
    if (chain.length === MAX_CHAIN) chain.shift();
    chain.push(template);
    this.#count++;
    this.#sizeBytes += template.sizeBytes;
  }
}

/** A hash of what a span's template is for: of each fixed value its length, and three of its bytes. */
export function hashOf(
  { fixed }: SpanShape,
  scan: SpanScan<unknown>,
  bytes: Uint8Array,
  context: number,
  traits: number,
): number {
  let hash = Math.imul(context ^ 0x811c9dc5, PRIME) ^ traits;
  for (let i = 0; i < fixed.length; i++) {
    const attribute = fixed[i] ?? 0;
    const start = scan.values[2 * attribute] ?? 0;
    const end = scan.values[2 * attribute + 1] ?? 0;
    hash = Math.imul(hash ^ (end - start), PRIME);
    if (end === start) continue;
    const three =
      (bytes[end - 1] ?? 0) | ((bytes[(start + end) >> 1] ?? 0) << 8) | ((bytes[start] ?? 0) << 16);
    hash = Math.imul(hash ^ three, PRIME);
  }
  return hash ^ (hash >>> 15);
}

/** The template of a span; undefined where there is none. */
export function findTemplate(
  templates: ShapeTemplates,
  hash: number,
  shape: SpanShape,
  scan: SpanScan<unknown>,
  bytes: Uint8Array,
  context: number,
  traits: number,
): Template | undefined {
  const chain = templates.get(hash);
  if (chain === undefined) return undefined;
  for (const template of chain) {
    if (template.context === context && template.traits === traits && isFixed(template, shape, scan, bytes)) {
      return template;
    }
  }
  return undefined;
}

/** The values of the fixed attributes, each behind its length; undefined where they are too many. */
export function fixedValues(
  { fixed }: SpanShape,
  scan: SpanScan<unknown>,
  bytes: Uint8Array,
): Uint8Array | undefined {
  const values: number[] = [];
  for (const attribute of fixed) {
    const start = scan.values[2 * attribute] ?? 0;
    const end = scan.values[2 * attribute + 1] ?? 0;
    if (values.length + end - start > MAX_FIXED_BYTES) return undefined;
    values.push((end - start) & 0xff, (end - start) >> 8, ...bytes.subarray(start, end));
  }
  return Uint8Array.from(values);
}

function isFixed(
  { fixed: values }: Template,
  { fixed }: SpanShape,
  scan: SpanScan<unknown>,
  bytes: Uint8Array,
): boolean {
  let at = 0;
  for (let i = 0; i < fixed.length; i++) {
    const attribute = fixed[i] ?? 0;
    const start = scan.values[2 * attribute] ?? 0;
    const length = (scan.values[2 * attribute + 1] ?? 0) - start;
    if (values[at] !== (length & 0xff) || values[at + 1] !== length >> 8) return false;
    at += 2;
    for (let j = 0; j < length; j++) if (values[at + j] !== bytes[start + j]) return false;
    at += length;
  }
  return true;
}
