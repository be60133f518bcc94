// The inner loop of the intake: from a span as it stands in a request to the canonical bytes of its record. What it does,
// the TypeScript beside it (`src/receive/transcode/`) does too, only slower, and decides whatever is out of the ordinary.
import {
  ENTRIES_AT,
  ENTRIES_END,
  FULL,
  GROUP_BYTES,
  GROUPS_AT,
  HEADS,
  JOB_BYTES,
  JOBS_AT,
  MAX_RUN,
  NO_ATTRIBUTE,
  NUMBER_AT,
  OPENINGS_AT,
  OPENINGS_END,
  ORDER_AT,
  RESULT_BYTES,
  RESULTS_AT,
  SALT_BYTES,
  SALTS_AT,
  SHAPE_HEADS_AT,
  SHAPE_CLIENT,
  SHAPE_NUMBER,
  SHAPE_USER,
  TEMPLATE_GROUP_COUNT,
  TEMPLATE_GROUPS,
  TEMPLATE_HEADS_AT,
  TEMPLATE_RECORD,
  TEMPLATE_SIZE,
  TEMPLATE_UNWRITTEN,
  UNFIT,
  UNKNOWN_PARTY,
  VALUES_AT,
  WRITTEN,
} from '../src/receive/kernel/layout';
import { fetchParties } from './parties';
import { hole, identify, placeOfCommitment, run } from './program';
import { message, messageEnd, name, nameEnd, parentId, scan, statusCode } from './scan';
import { blocksOf, digestOf, hashLanes, MAX_BLOCKS, setMessage } from './sha256';
import { findShape, findTemplate } from './tables';
import { copy, isSame, writeHash, writeSalt } from './text';
import { NO_INTEGER, smallInteger } from './values';

export { forgetParties, keepParties } from './parties';
export { takeAttributes } from './json';
export { setStream } from './program';
export { addShape, addTemplate } from './tables';

const MAX_GROUP_BYTES: usize = 65_535;
/** Of an entry, without what the ledger puts into it. */
const MAX_RECORD_BYTES: usize = 65_535 - 512;
/** Bytes that a record needs beyond its template and its span's values. */
const OWN_BYTES: u32 = 2_048;
/** A byte of a span is never more than this in what is written here: an integer of seven has fifteen digits. */
const MAX_GROWTH: u32 = 3;
const NO_NUMBER: u32 = u32.MAX_VALUE;
const OPEN_BRACE: u8 = 0x7b;
const CLOSE_BRACE: u8 = 0x7d;
const COMMA: u8 = 0x2c;
const SALT_HEAD = memory.data<u8>([34, 115, 97, 108, 116, 34, 58, 34]);
const SALT_TAIL = memory.data<u8>([34, 44, 34, 118, 97, 108, 117, 101, 34, 58]);
const SALT_HEAD_BYTES: usize = 8;
const SALT_TAIL_BYTES: usize = 10;

let records: u32 = 0;
let jobs: u32 = 0;
let saltAt: usize = SALTS_AT;
let entriesAt: usize = ENTRIES_AT;
let openingsAt: usize = OPENINGS_AT;

/** Begins a run: nothing is written yet, and the salts are new. */
export function begin(): void {
  records = 0;
  jobs = 0;
  saltAt = SALTS_AT;
  entriesAt = ENTRIES_AT;
  openingsAt = OPENINGS_AT;
}

/** Forgets all shapes and templates. */
export function clear(): void {
  memory.fill(SHAPE_HEADS_AT, 0, HEADS << 2);
  memory.fill(TEMPLATE_HEADS_AT, 0, HEADS << 2);
}

/** How many salts the run has used. */
export function usedSalts(): u32 {
  return <u32>((saltAt - SALTS_AT) / SALT_BYTES);
}

/** The template of a span; 0 where none is known, or the span is out of the ordinary. */
export function find(start: usize, end: usize, context: u32, hasStream: bool): usize {
  if (!scan(start, end)) return 0;
  const shape = findShape();
  if (shape === 0) return 0;
  const template = findTemplate(shape, context, traitsOf(shape, hasStream));
  if (template === 0) return 0;
  const number = load<u32>(shape, SHAPE_NUMBER);
  if (number !== NO_NUMBER) {
    const value = VALUES_AT + (number << 3);
    const integer = smallInteger(load<u32>(value), load<u32>(value, 4));
    if (integer === NO_INTEGER || integer < 1) return 0;
    store<f64>(NUMBER_AT, <f64>integer);
  }
  identify();
  return template;
}

/** Writes the span that was found last, if the references of its parties are known. */
export function writeKnown(template: usize, spanBytes: u32): i32 {
  return fetchParties(template) ? write(template, spanBytes) : UNKNOWN_PARTY;
}

/** Writes the span that was found last; `spanBytes` is the length of its message. */
export function write(template: usize, spanBytes: u32): i32 {
  const room = <usize>(load<u32>(template, TEMPLATE_SIZE) + MAX_GROWTH * spanBytes + OWN_BYTES);
  if (records === MAX_RUN || entriesAt + room > <usize>ENTRIES_END || openingsAt + room > <usize>OPENINGS_END)
    return FULL;
  const jobsBefore = jobs;
  const saltBefore = saltAt;
  if (writeAll(template)) return WRITTEN;
  jobs = jobsBefore;
  saltAt = saltBefore;
  return UNFIT;
}

function writeAll(template: usize): bool {
  const unwritten = <usize>load<u32>(template, TEMPLATE_UNWRITTEN);
  // What stands nowhere has to be right all the same: it is written where it is overwritten.
  if (unwritten !== 0 && run(unwritten, entriesAt) === 0) return false;
  const firstJob = jobs;
  const openingsEnd = writeGroups(template);
  if (openingsEnd === 0) return false;
  const end = run(load<u32>(template, TEMPLATE_RECORD), entriesAt);
  if (end === 0 || end - entriesAt > MAX_RECORD_BYTES) return false;
  for (let job = firstJob; job < jobs; job++) {
    const place = JOBS_AT + <usize>job * JOB_BYTES;
    store<u32>(place, <u32>placeOfCommitment(load<u32>(place, 16)), 16);
  }
  const result = RESULTS_AT + <usize>records * RESULT_BYTES;
  store<u32>(result, <u32>(end - ENTRIES_AT));
  store<u32>(result, <u32>(hole - ENTRIES_AT), 4);
  store<u32>(result, <u32>(openingsEnd - OPENINGS_AT), 8);
  records++;
  entriesAt = end;
  openingsAt = openingsEnd;
  return true;
}

/** Writes the opened groups of a span; returns just past them, or 0. */
function writeGroups(template: usize): usize {
  let at = openingsAt;
  const count = load<u32>(template, TEMPLATE_GROUP_COUNT);
  if (count === 0) store<u8>(at++, OPEN_BRACE);
  for (let i: u32 = 0; i < count; i++) {
    const group = load<u32>(template + TEMPLATE_GROUPS + (i << 3));
    const heads = GROUPS_AT + <usize>group * GROUP_BYTES;
    store<u8>(at++, i === 0 ? OPEN_BRACE : COMMA);
    at = copy(at, load<u32>(heads), load<u32>(heads, 4));
    const salted = at;
    at = writeSalt(copy(at, SALT_HEAD, SALT_HEAD_BYTES), saltAt);
    saltAt += SALT_BYTES;
    at = copy(at, SALT_TAIL, SALT_TAIL_BYTES);
    const value = at;
    at = run(load<u32>(template + TEMPLATE_GROUPS + (i << 3), 4), at);
    if (at === 0 || at - value > MAX_GROUP_BYTES) return 0;
    store<u8>(at++, CLOSE_BRACE);
    const job = JOBS_AT + <usize>jobs * JOB_BYTES;
    jobs++;
    store<u32>(job, load<u32>(heads, 8));
    store<u32>(job, load<u32>(heads, 12), 4);
    store<u32>(job, <u32>salted, 8);
    store<u32>(job, <u32>(at - salted), 12);
    store<u32>(job, group, 16);
  }
  store<u8>(at, CLOSE_BRACE);
  return at + 1;
}

/**
 * Commits to the groups of the run, and ends it. Groups of one length are hashed four at a time.
 *
 * @returns how many are left to the other side, for they are too long; their jobs are named from ORDER_AT on
 */
export function commit(): u32 {
  let left: u32 = 0;
  for (let blocks: u32 = 1; blocks <= MAX_BLOCKS; blocks++) {
    let lanes: usize = 0;
    for (let i: u32 = 0; i < jobs; i++) {
      const job = JOBS_AT + <usize>i * JOB_BYTES;
      const needed = blocksOf(load<u32>(job, 4) + load<u32>(job, 12));
      if (needed > MAX_BLOCKS && blocks === 1) store<u32>(ORDER_AT + 16 + (left++ << 2), <u32>job);
      if (needed !== blocks) continue;
      setMessage(lanes, load<u32>(job), load<u32>(job, 4), load<u32>(job, 8), load<u32>(job, 12));
      store<u32>(ORDER_AT + (lanes++ << 2), load<u32>(job, 16));
      if (lanes < 4) continue;
      hashInto(lanes, blocks);
      lanes = 0;
    }
    if (lanes > 0) hashInto(lanes, blocks);
  }
  return left;
}

function hashInto(lanes: usize, blocks: u32): void {
  hashLanes(blocks);
  for (let lane: usize = 0; lane < lanes; lane++)
    writeHash(load<u32>(ORDER_AT + (lane << 2)), digestOf(lane));
}

/** What beside its values and its place decides what a record is made of; `receive/transcode/span-traits.ts` has the same. */
function traitsOf(shape: usize, hasStream: bool): u32 {
  return (
    statusCode |
    (parentId > 0 ? 4 : 0) |
    (nameEnd > name ? 8 : 0) |
    (messageEnd > message ? 16 : 0) |
    (hasStream ? 32 : 0) |
    (areSameValues(load<u32>(shape, SHAPE_USER), load<u32>(shape, SHAPE_CLIENT)) ? 64 : 0)
  );
}

/** Whether two attributes are there, and have the same value. */
function areSameValues(one: u32, other: u32): bool {
  if (one === NO_ATTRIBUTE || other === NO_ATTRIBUTE) return false;
  const start = <usize>load<u32>(VALUES_AT + (one << 3));
  const length = <usize>load<u32>(VALUES_AT + (one << 3), 4) - start;
  const otherStart = <usize>load<u32>(VALUES_AT + (other << 3));
  return <usize>load<u32>(VALUES_AT + (other << 3), 4) - otherStart === length && isSame(start, otherStart, length);
}
