// SHA-256 (FIPS 180-4) of four messages at a time, one in each lane of a vector.
import { HASH_AT } from '../src/receive/kernel/layout';
import { copy } from './text';

const ROUND_CONSTANTS = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
  0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
  0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
  0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
  0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
  0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
  0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
  0xc67178f2,
]);

const LANES: usize = 4;
const BLOCK_BYTES: usize = 64;
const VECTOR: usize = 16;
/** Blocks of the longest message that is hashed here. */
export const MAX_BLOCKS: u32 = 8;
const LANE_BYTES: usize = <usize>MAX_BLOCKS * BLOCK_BYTES + VECTOR;

const STATE: usize = HASH_AT;
const SCHEDULE: usize = STATE + 8 * VECTOR;
const MESSAGES: usize = SCHEDULE + 64 * VECTOR;
const DIGEST: usize = MESSAGES + LANES * LANE_BYTES;

/** How many blocks a message of so many bytes takes. */
export function blocksOf(length: usize): u32 {
  return <u32>((length + 9 + BLOCK_BYTES - 1) / BLOCK_BYTES);
}

/** Puts a message that stands in two pieces into a lane. */
export function setMessage(lane: usize, head: usize, headBytes: usize, body: usize, bodyBytes: usize): void {
  const start = MESSAGES + lane * LANE_BYTES;
  const length = headBytes + bodyBytes;
  const end = start + <usize>blocksOf(length) * BLOCK_BYTES;
  const at = copy(copy(start, head, headBytes), body, bodyBytes);
  memory.fill(at, 0, end - at);
  store<u8>(at, 0x80);
  store<u32>(end - 4, bswap<u32>(<u32>(length << 3)));
}

/** Hashes what is in the lanes: messages of so many blocks each. */
export function hashLanes(blocks: u32): void {
  store8(0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19);
  for (let i: u32 = 0; i < blocks; i++) compress(MESSAGES + <usize>i * BLOCK_BYTES);
}

/** Where the hash of a lane is, until the next one is asked for. */
export function digestOf(lane: usize): usize {
  const words = STATE + (lane << 2);
  for (let i: usize = 0; i < 8; i++) store<u32>(DIGEST + (i << 2), bswap<u32>(load<u32>(words + (i << 4))));
  return DIGEST;
}

function store8(a: i32, b: i32, c: i32, d: i32, e: i32, f: i32, g: i32, h: i32): void {
  v128.store(STATE, i32x4.splat(a));
  v128.store(STATE, i32x4.splat(b), 16);
  v128.store(STATE, i32x4.splat(c), 32);
  v128.store(STATE, i32x4.splat(d), 48);
  v128.store(STATE, i32x4.splat(e), 64);
  v128.store(STATE, i32x4.splat(f), 80);
  v128.store(STATE, i32x4.splat(g), 96);
  v128.store(STATE, i32x4.splat(h), 112);
}

/** Takes one block of each lane in; `block` is the first lane's. */
function compress(block: usize): void {
  for (let i: usize = 0; i < 4; i++) loadWords(block + (i << 4), SCHEDULE + (i << 6));
  for (let at = SCHEDULE + 16 * VECTOR; at < SCHEDULE + 64 * VECTOR; at += VECTOR) {
    const early = v128.load(at - 15 * VECTOR);
    const late = v128.load(at - 2 * VECTOR);
    const one = xor3(rotate(early, 7), rotate(early, 18), i32x4.shr_u(early, 3));
    const two = xor3(rotate(late, 17), rotate(late, 19), i32x4.shr_u(late, 10));
    const sum = i32x4.add(v128.load(at - 16 * VECTOR), v128.load(at - 7 * VECTOR));
    v128.store(at, i32x4.add(sum, i32x4.add(one, two)));
  }
  let a = v128.load(STATE);
  let b = v128.load(STATE, 16);
  let c = v128.load(STATE, 32);
  let d = v128.load(STATE, 48);
  let e = v128.load(STATE, 64);
  let f = v128.load(STATE, 80);
  let g = v128.load(STATE, 96);
  let h = v128.load(STATE, 112);
  // Eight rounds at a time: what is `a` in one is `b` in the next, and after eight is where it was.
  for (let i: usize = 0; i < 64; i += 8) {
    let sum: v128;
    sum = mixed(e, f, g, h, i);
    d = i32x4.add(d, sum);
    h = i32x4.add(sum, majority(a, b, c));
    sum = mixed(d, e, f, g, i + 1);
    c = i32x4.add(c, sum);
    g = i32x4.add(sum, majority(h, a, b));
    sum = mixed(c, d, e, f, i + 2);
    b = i32x4.add(b, sum);
    f = i32x4.add(sum, majority(g, h, a));
    sum = mixed(b, c, d, e, i + 3);
    a = i32x4.add(a, sum);
    e = i32x4.add(sum, majority(f, g, h));
    sum = mixed(a, b, c, d, i + 4);
    h = i32x4.add(h, sum);
    d = i32x4.add(sum, majority(e, f, g));
    sum = mixed(h, a, b, c, i + 5);
    g = i32x4.add(g, sum);
    c = i32x4.add(sum, majority(d, e, f));
    sum = mixed(g, h, a, b, i + 6);
    f = i32x4.add(f, sum);
    b = i32x4.add(sum, majority(c, d, e));
    sum = mixed(f, g, h, a, i + 7);
    e = i32x4.add(e, sum);
    a = i32x4.add(sum, majority(b, c, d));
  }
  v128.store(STATE, i32x4.add(v128.load(STATE), a));
  v128.store(STATE, i32x4.add(v128.load(STATE, 16), b), 16);
  v128.store(STATE, i32x4.add(v128.load(STATE, 32), c), 32);
  v128.store(STATE, i32x4.add(v128.load(STATE, 48), d), 48);
  v128.store(STATE, i32x4.add(v128.load(STATE, 64), e), 64);
  v128.store(STATE, i32x4.add(v128.load(STATE, 80), f), 80);
  v128.store(STATE, i32x4.add(v128.load(STATE, 96), g), 96);
  v128.store(STATE, i32x4.add(v128.load(STATE, 112), h), 112);
}

/** What a round makes of e to h, its constant and its word. */
@inline
function mixed(e: v128, f: v128, g: v128, h: v128, round: usize): v128 {
  const choice = v128.xor(g, v128.and(e, v128.xor(f, g)));
  const input = i32x4.add(v128.load32_splat(ROUND_CONSTANTS + (round << 2)), v128.load(SCHEDULE + (round << 4)));
  return i32x4.add(i32x4.add(h, input), i32x4.add(xor3(rotate(e, 6), rotate(e, 11), rotate(e, 25)), choice));
}

/** What a round makes of a to c. */
@inline
function majority(a: v128, b: v128, c: v128): v128 {
  const most = v128.xor(v128.and(a, b), v128.and(c, v128.xor(a, b)));
  return i32x4.add(xor3(rotate(a, 2), rotate(a, 13), rotate(a, 22)), most);
}

/** Loads four words of each lane, and lays them out lane beside lane. */
function loadWords(from: usize, to: usize): void {
  const a = v128.load(from);
  const b = v128.load(from + LANE_BYTES);
  const c = v128.load(from + 2 * LANE_BYTES);
  const d = v128.load(from + 3 * LANE_BYTES);
  const ab0 = i32x4.shuffle(a, b, 0, 4, 1, 5);
  const ab1 = i32x4.shuffle(a, b, 2, 6, 3, 7);
  const cd0 = i32x4.shuffle(c, d, 0, 4, 1, 5);
  const cd1 = i32x4.shuffle(c, d, 2, 6, 3, 7);
  v128.store(to, reverse(i64x2.shuffle(ab0, cd0, 0, 2)));
  v128.store(to, reverse(i64x2.shuffle(ab0, cd0, 1, 3)), 16);
  v128.store(to, reverse(i64x2.shuffle(ab1, cd1, 0, 2)), 32);
  v128.store(to, reverse(i64x2.shuffle(ab1, cd1, 1, 3)), 48);
}

/** Words come with their first byte highest. */
@inline
function reverse(words: v128): v128 {
  return i8x16.shuffle(words, words, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
}

@inline
function rotate(words: v128, bits: i32): v128 {
  return v128.or(i32x4.shr_u(words, bits), i32x4.shl(words, 32 - bits));
}

@inline
function xor3(a: v128, b: v128, c: v128): v128 {
  return v128.xor(v128.xor(a, b), c);
}
