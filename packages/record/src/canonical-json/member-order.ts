import type { JsonObject } from '../json.ts';
import { utf8Encoder } from '../text.ts';
import { canonicalKey, sortedKeys } from './writer.ts';

/** A member of an object, and what stands before its value: `{"first":`, then `,"next":`. */
export interface MemberHead {
  name: string;
  head: Uint8Array;
}

interface KnownOrder {
  /** The names as they stood in the object. */
  keys: readonly string[];
  members: readonly MemberHead[];
  bucket: number;
}

/** Orders are kept in so many buckets, found by a hash of the names, */
const BUCKETS = 512;
/** and so many in each, of which the oldest leaves. */
const MAX_BUCKET_LENGTH = 4;
/** Wider objects repeat too seldom to be kept. */
const MAX_KEPT_KEYS = 48;
/** The most UTF-16 code units of names that are kept for one order: names come from outside. */
const MAX_KEPT_LENGTH = 1_024;

const buckets: readonly KnownOrder[][] = Array.from({ length: BUCKETS }, () => []);

/** By the bucket of an order, the order that was asked for after it. Records repeat as a whole: it is a good guess. */
const followers = new Array<KnownOrder | undefined>(BUCKETS).fill(undefined);
let lastBucket = 0;

/**
 * The members of an object in canonical order. Spans of one instrumentation have the same members in the same
 * sequence, so sorting and quoting is done once for each sequence.
 *
 * @throws RecordError `value_not_json` for a lone surrogate in a name.
 */
export function membersInOrder(object: JsonObject): readonly MemberHead[] {
  const keys = Object.keys(object);
  let order = followers[lastBucket];
  if (order === undefined || !isSame(order.keys, keys)) {
    if (!isWorthKeeping(keys)) return orderMembers(object);
    order = findOrder(object, keys);
    followers[lastBucket] = order;
  }
  lastBucket = order.bucket;
  return order.members;
}

function findOrder(object: JsonObject, keys: readonly string[]): KnownOrder {
  const bucket = bucketOf(keys);
  const orders = buckets[bucket] ?? [];
  for (const known of orders) if (isSame(known.keys, keys)) return known;
  const order: KnownOrder = { keys, members: orderMembers(object), bucket };
  if (orders.length === MAX_BUCKET_LENGTH) orders.shift();
  orders.push(order);
  return order;
}

function orderMembers(object: JsonObject): MemberHead[] {
  return sortedKeys(object).map((name, i) => ({
    name,
    head: utf8Encoder.encode((i === 0 ? '{' : ',') + canonicalKey(name)),
  }));
}

function isWorthKeeping(keys: readonly string[]): boolean {
  if (keys.length > MAX_KEPT_KEYS) return false;
  let length = 0;
  for (const key of keys) length += key.length;
  return length <= MAX_KEPT_LENGTH;
}

/** Of each name the length and two characters: cheaper to read than the whole, and different enough. */
function bucketOf(keys: readonly string[]): number {
  let hash = keys.length;
  for (const key of keys) {
    hash = Math.imul(hash ^ key.length, 0x01000193);
    hash = Math.imul(hash ^ key.charCodeAt(0), 0x01000193);
    hash = Math.imul(hash ^ key.charCodeAt(key.length >> 1), 0x01000193);
  }
  return (hash ^ (hash >>> 15)) & (BUCKETS - 1);
}

function isSame(known: readonly string[], keys: readonly string[]): boolean {
  if (known.length !== keys.length) return false;
  for (let i = 0; i < keys.length; i++) if (known[i] !== keys[i]) return false;
  return true;
}
