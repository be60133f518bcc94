// Shapes and templates, found by hashes. The other side puts them into the memory and has them linked in here.
import {
  HEADS,
  KEYS_AT,
  SHAPE_COUNT,
  SHAPE_FIXED,
  SHAPE_FIXED_COUNT,
  SHAPE_HEADS_AT,
  SHAPE_KEYS,
  SHAPE_KIND,
  TEMPLATE_CONTEXT,
  TEMPLATE_FIXED,
  TEMPLATE_HEADS_AT,
  TEMPLATE_SHAPE,
  TEMPLATE_TRAITS,
  VALUES_AT,
} from '../src/receive/kernel/layout';
import { addToHash, attributes, hash, kind } from './scan';
import { isSame } from './text';

const PRIME: u32 = 0x01000193;

/** The shape of the span that was scanned last; 0 if none is known. */
export function findShape(): usize {
  let shape = <usize>load<u32>(headOf(SHAPE_HEADS_AT, hash));
  for (; shape !== 0; shape = load<u32>(shape)) {
    if (load<u32>(shape, SHAPE_KIND) !== kind || load<u32>(shape, SHAPE_COUNT) !== attributes) continue;
    const keys = <usize>load<u32>(shape, SHAPE_KEYS);
    if (areSame(keys, KEYS_AT, attributes)) return shape;
  }
  return 0;
}

/** The template of the span that was scanned last; 0 if none is known. */
export function findTemplate(shape: usize, context: u32, traits: u32): usize {
  const fixed = <usize>load<u32>(shape, SHAPE_FIXED);
  const count = load<u32>(shape, SHAPE_FIXED_COUNT);
  let sum = beginHash(context, traits, shape);
  for (let i: u32 = 0; i < count; i++) {
    const value = VALUES_AT + (load<u32>(fixed + (i << 2)) << 3);
    const start = <usize>load<u32>(value);
    sum = addValue(sum, start, <usize>load<u32>(value, 4) - start);
  }
  let template = <usize>load<u32>(headOf(TEMPLATE_HEADS_AT, sum));
  for (; template !== 0; template = load<u32>(template)) {
    if (load<u32>(template, TEMPLATE_SHAPE) !== shape || load<u32>(template, TEMPLATE_CONTEXT) !== context)
      continue;
    if (load<u32>(template, TEMPLATE_TRAITS) !== traits) continue;
    if (isFixed(<usize>load<u32>(template, TEMPLATE_FIXED), fixed, count)) return template;
  }
  return 0;
}

/** Lets a shape be found. */
export function addShape(shape: usize): void {
  const keys = <usize>load<u32>(shape, SHAPE_KEYS);
  const count = load<u32>(shape, SHAPE_COUNT);
  let sum: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    sum = addToHash(sum, load<u32>(keys + (i << 3)), load<u32>(keys + (i << 3), 4));
  }
  link(shape, headOf(SHAPE_HEADS_AT, sum ^ load<u32>(shape, SHAPE_KIND)));
}

/** Lets a template be found. */
export function addTemplate(template: usize): void {
  const shape = <usize>load<u32>(template, TEMPLATE_SHAPE);
  const fixed = <usize>load<u32>(template, TEMPLATE_FIXED);
  const count = load<u32>(shape, SHAPE_FIXED_COUNT);
  let sum = beginHash(load<u32>(template, TEMPLATE_CONTEXT), load<u32>(template, TEMPLATE_TRAITS), shape);
  for (let i: u32 = 0; i < count; i++) {
    sum = addValue(sum, load<u32>(fixed + (i << 3)), load<u32>(fixed + (i << 3), 4));
  }
  link(template, headOf(TEMPLATE_HEADS_AT, sum));
}

function link(item: usize, head: usize): void {
  store<u32>(item, load<u32>(head));
  store<u32>(head, <u32>item);
}

function headOf(heads: usize, hash: u32): usize {
  return heads + (((hash ^ (hash >>> 15)) & (HEADS - 1)) << 2);
}

function beginHash(context: u32, traits: u32, shape: usize): u32 {
  return ((((context ^ 0x811c9dc5) * PRIME) ^ traits) * PRIME) ^ (<u32>shape);
}

/** Takes a value into a hash: its length, and three of its bytes. */
function addValue(hash: u32, value: usize, length: usize): u32 {
  const sum = (hash ^ (<u32>length)) * PRIME;
  if (length === 0) return sum;
  const three =
    (<u32>load<u8>(value + length - 1)) |
    ((<u32>load<u8>(value + (length >> 1))) << 8) |
    ((<u32>load<u8>(value)) << 16);
  return (sum ^ three) * PRIME;
}

/** Whether pieces, each an address and a length, are the same. */
function areSame(pieces: usize, others: usize, count: u32): bool {
  for (let i: u32 = 0; i < count << 3; i += 8) {
    const length = load<u32>(pieces + i, 4);
    if (load<u32>(others + i, 4) !== length) return false;
    if (!isSame(load<u32>(pieces + i), load<u32>(others + i), length)) return false;
  }
  return true;
}

/** Whether the span's fixed attributes have the values of a template. */
function isFixed(values: usize, fixed: usize, count: u32): bool {
  for (let i: u32 = 0; i < count; i++) {
    const place = VALUES_AT + (load<u32>(fixed + (i << 2)) << 3);
    const start = load<u32>(place);
    const length = load<u32>(values + (i << 3), 4);
    if (load<u32>(place, 4) - start !== length) return false;
    if (!isSame(load<u32>(values + (i << 3)), start, length)) return false;
  }
  return true;
}
