/** How many records share one entry of the time index. */
export const BLOCK_RECORDS = 256;

/**
 * What is known of the time of a record: milliseconds since the epoch; `undefined` where there is no such record;
 * NaN where it has no time.
 */
export type RecordTime = number | undefined;

const ABSENT = 0;
const UNTIMED = 1;
const FIRST_DELTA = 2;

/**
 * Writes the times of a block's records, one after the other: a number that says absent, without time, or how far
 * from the time before, in seven bits a byte. Records arrive nearly in the order of time, so that most take one byte.
 *
 * @param times - by place in the block; at most {@link BLOCK_RECORDS}
 */
export function encodeTimes(times: readonly RecordTime[]): Uint8Array {
  const bytes: number[] = [];
  let before = 0;
  for (const time of times) {
    if (time === undefined) {
      bytes.push(ABSENT);
    } else if (Number.isNaN(time)) {
      bytes.push(UNTIMED);
    } else {
      const delta = time - before;
      before = time;
      writeNumber(bytes, (delta < 0 ? -2 * delta - 1 : 2 * delta) + FIRST_DELTA);
    }
  }
  return Uint8Array.from(bytes);
}

/** Reads what {@link encodeTimes} wrote. */
export function decodeTimes(bytes: Uint8Array): RecordTime[] {
  const times: RecordTime[] = [];
  let before = 0;
  let value = 0;
  let unit = 1;
  for (const byte of bytes) {
    value += (byte & 0x7f) * unit;
    unit *= 128;
    if (byte >= 0x80) continue;
    if (value === ABSENT) {
      times.push(undefined);
    } else if (value === UNTIMED) {
      times.push(Number.NaN);
    } else {
      const folded = value - FIRST_DELTA;
      before += folded % 2 === 1 ? -(folded + 1) / 2 : folded / 2;
      times.push(before);
    }
    value = 0;
    unit = 1;
  }
  return times;
}

/** Beyond 32 bits as well: the first time of a block counts from the epoch. */
function writeNumber(bytes: number[], value: number): void {
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) + 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
}
