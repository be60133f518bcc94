/**
 * Puts together the WebAssembly module of packages/ledger/src/verify/kernel, instruction by instruction, so that what
 * runs can be read: the two inner loops of a verification that JavaScript is slow at. A test holds the module to it;
 * `UPDATE_KERNEL=1 vitest run --project unit test/unit/ledger-verify/kernel.test.ts` writes it anew.
 */

/** Bytes of instructions, nested as they were put together. */
type Code = number | readonly Code[];

const FIRST_PRIMES = [
  2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103,
  107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167, 173, 179, 181, 191, 193, 197, 199, 211, 223,
  227, 229, 233, 239, 241, 251, 257, 263, 269, 271, 277, 281, 283, 293, 307, 311,
];

// Where things stand in the module's memory; kernel.ts knows FIELDS_AT and CHILDREN_AT too.
const CONSTANTS_AT = 0;
/** Sixteen ones, then sixteen zeros: loaded so far before their middle, they mask as many bytes. */
const MASKS_AT = 256;
const FIELDS_AT = 304;
const CHILDREN_AT = 512;

// Where things stand in a piece of a shape; kernel.ts knows them too.
const [LENGTH, CHOICE, FOLLOWERS, KIND, FIELD, BYTES] = [0, 4, 8, 12, 16, 32];

// Instructions of WebAssembly.
const get = (local: number): Code => [0x20, local];
const set = (local: number, value: Code): Code => [value, 0x21, local];
const int = (value: number): Code => [0x41, signedLeb(value)];
const addInt = (a: Code, b: Code): Code => [a, b, 0x6a];
const subtract = (a: Code, b: Code): Code => [a, b, 0x6b];
const isZero = (value: Code): Code => [value, 0x45];
const isEqual = (a: Code, b: Code): Code => [a, b, 0x46];
const isNotEqual = (a: Code, b: Code): Code => [a, b, 0x47];
const isAtMost = (a: Code, b: Code): Code => [a, b, 0x4c];
const isAtLeastUnsigned = (a: Code, b: Code): Code => [a, b, 0x4f];
const loadInt = (address: Code, offset: number): Code => [address, 0x28, 2, leb(offset)];
const loadByte = (address: Code, offset: number): Code => [address, 0x2d, 0, leb(offset)];
const storeInt = (address: Code, offset: number, value: Code): Code => [address, value, 0x36, 2, leb(offset)];
const block = (...body: Code[]): Code => [0x02, 0x40, body, 0x0b];
const loop = (...body: Code[]): Code => [0x03, 0x40, body, 0x0b];
const either = (condition: Code, yes: Code, no: Code): Code => [condition, 0x04, 0x40, yes, 0x05, no, 0x0b];
/** Leaves so many blocks, or begins a loop again, counted from the innermost, 0. */
const branch = (depth: number): Code => [0x0c, depth];
const branchIf = (condition: Code, depth: number): Code => [condition, 0x0d, depth];
const leave = (value: Code): Code => [value, 0x0f];

const simd = (opcode: number): Code => [0xfd, leb(opcode)];
const load = (address: Code, offset: number): Code => [address, simd(0), 0, leb(offset)];
const store = (address: Code, offset: number, value: Code): Code => [
  address,
  value,
  simd(11),
  0,
  leb(offset),
];
const loadSplat = (address: Code, offset: number): Code => [address, simd(9), 2, leb(offset)];
const splatByte = (value: number): Code => [int(value), simd(15)];
const splat = (value: number): Code => [int(value), simd(17)];
const shuffle = (a: Code, b: Code, bytes: readonly number[]): Code => [a, b, simd(13), bytes];
const isEqualByte = (a: Code, b: Code): Code => [a, b, simd(35)];
const isLessByte = (a: Code, b: Code): Code => [a, b, simd(37)];
const and = (a: Code, b: Code): Code => [a, b, simd(78)];
const or = (a: Code, b: Code): Code => [a, b, simd(80)];
const xor = (...values: Code[]): Code => fold(values, 81);
const select = (yes: Code, no: Code, mask: Code): Code => [yes, no, mask, simd(82)];
const isAny = (value: Code): Code => [value, simd(83)];
const bitmask = (value: Code): Code => [value, simd(100)];
const trailingZeros = (value: Code): Code => [value, 0x68];
const shiftLeft = (value: Code, by: number): Code => [value, int(by), simd(171)];
const shiftRight = (value: Code, by: number): Code => [value, int(by), simd(173)];
const add = (...values: Code[]): Code => fold(values, 174);
const rotate = (value: Code, by: number): Code => or(shiftRight(value, by), shiftLeft(value, 32 - by));

const I32 = 0x7f;
const V128 = 0x7b;

/** The module: `memory`, `hashNodes(count)` and `readShape(start, end, first) -> 0 or 1`. */
export function encodeKernel(): Uint8Array {
  const name = (text: string): Code => [text.length, Array.from(text, (letter) => letter.charCodeAt(0))];
  const body = (locals: Code, code: Code): Code => {
    const bytes = flatten([locals, code, 0x0b]);
    return [leb(bytes.length), bytes];
  };
  return Uint8Array.from(
    flatten([
      [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      section(1, [2, [0x60, 1, I32, 0], [0x60, 3, I32, I32, I32, 1, I32]]),
      section(3, [2, 0, 1]),
      section(5, [1, 0, 1]),
      section(7, [3, name('memory'), 2, 0, name('hashNodes'), 0, 0, name('readShape'), 0, 1]),
      section(10, [
        2,
        body([2, 4, I32, VECTORS, V128], encodeHashNodes()),
        body([2, 8, I32, 1, V128], encodeReadShape()),
      ]),
      section(11, [2, segment(CONSTANTS_AT, roundConstants()), segment(MASKS_AT, new Array(16).fill(255))]),
    ]),
  );
}

// hashNodes: SHA-256 (FIPS 180-4) of four nodes of a tree at a time. Every value is a vector of four 32-bit words, one
// for each node. A node is hashed as 0x01 and its two children, 65 bytes: two blocks, the second nearly empty.

const LEFT = 0;
const [FROM, TO, ROUND, SECOND] = [1, 2, 3, 4];
const FIRST_VECTOR = 5;
const word = (i: number): number => FIRST_VECTOR + (i & 15);
const state = (i: number): number => FIRST_VECTOR + 16 + i;
/** The working variables a to h; they change their roles from round to round instead of their values. */
const working = (i: number, round: number): number => FIRST_VECTOR + 24 + ((i - round + 64) & 7);
const [T1, T2] = [FIRST_VECTOR + 32, FIRST_VECTOR + 33];
const VECTORS = 34;

function encodeHashNodes(): Code {
  return [
    set(FROM, int(CHILDREN_AT)),
    set(TO, int(CHILDREN_AT)),
    block(
      loop(
        branchIf(isAtMost(get(LEFT), int(0)), 1),
        FIRST_PRIMES.slice(0, 8).map((prime, i) =>
          set(state(i), splat(fractionOfRoot(prime, Math.sqrt(prime), 2n) | 0)),
        ),
        loadFirstBlock(),
        set(SECOND, int(0)),
        block(
          loop(
            compress(),
            branchIf(get(SECOND), 1),
            set(word(0), lastBytes()),
            Array.from({ length: 14 }, (_, i) => set(word(i + 1), splat(0))),
            set(word(15), splat(65 * 8)),
            set(SECOND, int(1)),
            branch(0),
          ),
        ),
        storeHashes(),
        set(FROM, addInt(get(FROM), int(256))),
        set(TO, addInt(get(TO), int(128))),
        set(LEFT, addInt(get(LEFT), int(-4))),
        branch(0),
      ),
    ),
  ];
}

/** The sixteen words of the first blocks, 0x01 and 63 bytes: FROM is one byte before the children. */
function loadFirstBlock(): Code {
  return [0, 1, 2, 3].map((group) => {
    const rows = [0, 1, 2, 3].map((lane) => working(lane, 0));
    const columns = transpose(rows.map(get));
    return [
      rows.map((row, lane) => set(row, load(get(FROM), 64 * lane + 16 * group))),
      columns.map((column, i) => {
        const swapped = swapBytes(column);
        const isFirst = group === 0 && i === 0;
        const value = isFirst ? or(and(swapped, splat(0x00ffffff)), splat(0x01000000)) : swapped;
        return set(word(4 * group + i), value);
      }),
    ];
  });
}

/** The first word of the second blocks: the last byte, and the bit that ends the message. */
function lastBytes(): Code {
  const lanes = [1, 2, 3].map((lane) => [loadByte(get(FROM), 64 * lane + 64), simd(28), lane]);
  return or(shiftLeft([loadByte(get(FROM), 64), simd(17), lanes], 24), splat(0x00800000));
}

/** FIPS 180-4, section 6.2.2, of the block in the words: sixteen rounds, four times. */
function compress(): Code {
  const all = [0, 1, 2, 3, 4, 5, 6, 7];
  const rounds = Array.from({ length: 16 }, (_, i) => i);
  return [
    set(ROUND, int(0)),
    all.map((i) => set(working(i, 0), get(state(i)))),
    block(
      loop(
        rounds.map(encodeRound),
        set(ROUND, addInt(get(ROUND), int(64))),
        branchIf(isEqual(get(ROUND), int(256)), 1),
        rounds.map(encodeSchedule),
        branch(0),
      ),
    ),
    all.map((i) => set(state(i), add(get(state(i)), get(working(i, 0))))),
  ];
}

function encodeRound(round: number): Code {
  const [a = [], b = [], c = [], d = [], e = [], f = [], g = [], h = []] = Array.from({ length: 8 }, (_, i) =>
    get(working(i, round)),
  );
  const sum1 = xor(rotate(e, 6), rotate(e, 11), rotate(e, 25));
  const sum0 = xor(rotate(a, 2), rotate(a, 13), rotate(a, 22));
  const constant = loadSplat(get(ROUND), CONSTANTS_AT + 4 * round);
  return [
    set(T1, add(h, sum1, select(f, g, e), add(constant, get(word(round))))),
    set(T2, add(sum0, xor(and(a, b), and(c, xor(a, b))))),
    set(working(3, round), add(d, get(T1))),
    set(working(7, round), add(get(T1), get(T2))),
  ];
}

function encodeSchedule(i: number): Code {
  const [w, w1, w9, w14] = [get(word(i)), get(word(i + 1)), get(word(i + 9)), get(word(i + 14))];
  const sigma0 = xor(rotate(w1, 7), rotate(w1, 18), shiftRight(w1, 3));
  const sigma1 = xor(rotate(w14, 17), rotate(w14, 19), shiftRight(w14, 10));
  return set(word(i), add(w, sigma0, w9, sigma1));
}

function storeHashes(): Code {
  return [0, 1].map((half) =>
    transpose([0, 1, 2, 3].map((i) => get(state(4 * half + i)))).map((row, lane) =>
      store(get(TO), 32 * lane + 16 * half + 1, swapBytes(row)),
    ),
  );
}

/** Rows to columns of four by four words. */
function transpose([a = [], b = [], c = [], d = []]: readonly Code[]): Code[] {
  const words = (x: Code, y: Code, order: readonly number[]): Code =>
    shuffle(
      x,
      y,
      order.flatMap((i) => [4 * i, 4 * i + 1, 4 * i + 2, 4 * i + 3]),
    );
  const [ab01, ab23] = [words(a, b, [0, 4, 1, 5]), words(a, b, [2, 6, 3, 7])];
  const [cd01, cd23] = [words(c, d, [0, 4, 1, 5]), words(c, d, [2, 6, 3, 7])];
  return [
    words(ab01, cd01, [0, 1, 4, 5]),
    words(ab01, cd01, [2, 3, 6, 7]),
    words(ab23, cd23, [0, 1, 4, 5]),
    words(ab23, cd23, [2, 3, 6, 7]),
  ];
}

function swapBytes(value: Code): Code {
  return shuffle(value, splat(0), [3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12]);
}

// readShape: what RecordShapes does in JavaScript, sixteen bytes at a time.

const [START, END, PIECE] = [0, 1, 2];
const [AT, SIZE, DONE, KIND_NOW, VALUE, MARKS, FIELD_NOW] = [3, 4, 5, 6, 7, 8, 9];
const CHARACTERS = 11;

function encodeReadShape(): Code {
  const FAIL = { fromValues: 1, fromChoices: 3, fromString: 3, fromNumber: 2 };
  return [
    // No field was met yet: -1.
    [0, 16, 32, 48].map((offset) => store(int(FIELDS_AT), offset, splat(-1))),
    set(AT, get(START)),
    block(
      loop(
        // Finds the piece that stands here; the loop over the choices is left by what comes after this block.
        block(
          loop(
            branchIf(isZero(get(PIECE)), FAIL.fromChoices),
            block(
              set(SIZE, loadInt(get(PIECE), LENGTH)),
              set(DONE, int(0)),
              block(
                loop(
                  branchIf([addInt(get(DONE), int(16)), get(SIZE), 0x4a], 1),
                  branchIf(isAny(xor(here(), expected())), 2),
                  set(DONE, addInt(get(DONE), int(16))),
                  branch(0),
                ),
              ),
              branchIf(isEqual(get(DONE), get(SIZE)), 2),
              branchIf(isZero(isAny(and(xor(here(), expected()), lastMask()))), 2),
            ),
            set(PIECE, loadInt(get(PIECE), CHOICE)),
            branch(0),
          ),
        ),
        set(AT, addInt(get(AT), get(SIZE))),
        set(VALUE, get(AT)),
        set(KIND_NOW, loadInt(get(PIECE), KIND)),
        [isZero(get(KIND_NOW)), 0x04, 0x40, leave(isEqual(get(AT), get(END))), 0x0b],
        either(isEqual(get(KIND_NOW), int(1)), readString(FAIL.fromString), readNumber(FAIL.fromNumber)),
        branchIf(isAtLeastUnsigned(get(AT), get(END)), FAIL.fromValues),
        set(FIELD_NOW, loadInt(get(PIECE), FIELD)),
        [
          get(FIELD_NOW),
          0x04,
          0x40,
          storeInt(get(FIELD_NOW), 0, get(VALUE)),
          storeInt(get(FIELD_NOW), 4, get(AT)),
          0x0b,
        ],
        set(PIECE, loadInt(get(PIECE), FOLLOWERS)),
        branch(0),
      ),
    ),
    int(0),
  ];
}

const here = (): Code => load(addInt(get(AT), get(DONE)), 0);
const expected = (): Code => load(addInt(get(PIECE), get(DONE)), BYTES);
/** Of as many bytes as are left of the piece. */
const lastMask = (): Code => load(addInt(subtract(get(DONE), get(SIZE)), int(MASKS_AT + 16)), 0);

/** To the quote that ends the string; fails at a backslash, a control character and what is not ASCII. */
function readString(fail: number): Code {
  const characters = get(CHARACTERS);
  const special = or(
    // Signed, so that what is not ASCII is less, too.
    isLessByte(characters, splatByte(0x20)),
    or(isEqualByte(characters, splatByte(0x22)), isEqualByte(characters, splatByte(0x5c))),
  );
  return loop(
    set(CHARACTERS, load(get(AT), 0)),
    set(MARKS, bitmask(special)),
    [isZero(get(MARKS)), 0x04, 0x40, set(AT, addInt(get(AT), int(16))), branch(1), 0x0b],
    set(AT, addInt(get(AT), trailingZeros(get(MARKS)))),
    branchIf(isNotEqual(loadByte(get(AT), 0), int(0x22)), fail),
  );
}

/** Past 1 to 15 digits, the first of several not 0. */
function readNumber(fail: number): Code {
  const digits = subtract(get(AT), get(VALUE));
  return [
    block(
      loop(
        branchIf(isAtLeastUnsigned(subtract(loadByte(get(AT), 0), int(0x30)), int(10)), 1),
        set(AT, addInt(get(AT), int(1))),
        branch(0),
      ),
    ),
    branchIf(isAtLeastUnsigned(subtract(digits, int(1)), int(15)), fail),
    branchIf([isEqual(loadByte(get(VALUE), 0), int(0x30)), isNotEqual(digits, int(1)), 0x71], fail),
  ];
}

function roundConstants(): number[] {
  return FIRST_PRIMES.flatMap((prime) => {
    const constant = fractionOfRoot(prime, Math.cbrt(prime), 3n);
    return [0, 8, 16, 24].map((shift) => (constant >>> shift) & 255);
  });
}

/** The first 32 bits of the fraction of a root: how FIPS 180-4 defines its constants. */
function fractionOfRoot(prime: number, estimate: number, power: bigint): number {
  const scaled = BigInt(prime) << (32n * power);
  let root = BigInt(Math.floor(estimate * 2 ** 32));
  while (root ** power > scaled) root -= 1n;
  while ((root + 1n) ** power <= scaled) root += 1n;
  return Number(root & 0xffffffffn);
}

function section(id: number, content: Code): Code {
  const bytes = flatten(content);
  return [id, leb(bytes.length), bytes];
}

function segment(address: number, bytes: readonly number[]): Code {
  return [0, int(address), 0x0b, leb(bytes.length), bytes];
}

function flatten(code: Code, into: number[] = []): number[] {
  if (typeof code === 'number') into.push(code);
  else for (const part of code) flatten(part, into);
  return into;
}

function fold([first = [], ...others]: readonly Code[], opcode: number): Code {
  return others.reduce<Code>((code, value) => [code, value, simd(opcode)], first);
}

function leb(value: number): Code {
  return value < 0x80 ? value : [(value & 0x7f) | 0x80, leb(value >>> 7)];
}

function signedLeb(value: number): Code {
  const low = value & 0x7f;
  const rest = value >> 7;
  const isLast = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
  return isLast ? low : [low | 0x80, signedLeb(rest)];
}
