import { formatNanos } from '@spanledger/record';
import { writeAscii, writeDigits, writeInteger } from './text.ts';

const NANOS_PER_SECOND = 1_000_000_000;
const FRACTION_DIGITS = 9;
const TWO_TO_32 = 2 ** 32;
const SECOND_LENGTH = '2026-01-01T00:00:00.'.length;
const Z = 0x5a;
const QUOTE = 0x22;

/** Writes the times of spans, which are 64-bit integers, in two halves: bigints would take ten times as long. */
export class SpanTimes {
  // The second that was met last: spans of a batch share it.
  #low = 0;
  #high = 0;
  #second = '';

  /** Writes the time at an offset of the request as RFC 3339 with nine digits, quoted; returns just past it. */
  writeTimestamp(out: Uint8Array, at: number, bytes: Uint8Array, time: number): number {
    const low = readUint32(bytes, time);
    const high = readUint32(bytes, time + 4);
    let fraction = (high - this.#high) * TWO_TO_32 + low - this.#low;
    if (!(fraction >= 0 && fraction < NANOS_PER_SECOND) || this.#second === '') {
      fraction = this.#goTo(high, low);
    }
    out[at] = QUOTE;
    let next = writeAscii(out, at + 1, this.#second);
    next = writeDigits(out, next, fraction, FRACTION_DIGITS);
    out[next] = Z;
    out[next + 1] = QUOTE;
    return next + 2;
  }

  /** Writes the nanoseconds between two times; -1 where the clock went backwards, or they are not exact as a number. */
  writeDuration(out: Uint8Array, at: number, bytes: Uint8Array, start: number, end: number): number {
    const nanos =
      (readUint32(bytes, end + 4) - readUint32(bytes, start + 4)) * TWO_TO_32 +
      readUint32(bytes, end) -
      readUint32(bytes, start);
    return nanos >= 0 && nanos <= Number.MAX_SAFE_INTEGER ? writeInteger(out, at, nanos) : -1;
  }

  #goTo(high: number, low: number): number {
    const nanos = (BigInt(high) << 32n) | BigInt(low);
    const fraction = Number(nanos % BigInt(NANOS_PER_SECOND));
    const begin = nanos - BigInt(fraction);
    this.#low = Number(begin & 0xffff_ffffn);
    this.#high = Number(begin >> 32n);
    this.#second = formatNanos(begin).slice(0, SECOND_LENGTH);
    return fraction;
  }
}

function readUint32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] ?? 0) |
      ((bytes[at + 1] ?? 0) << 8) |
      ((bytes[at + 2] ?? 0) << 16) |
      ((bytes[at + 3] ?? 0) << 24)) >>>
    0
  );
}
