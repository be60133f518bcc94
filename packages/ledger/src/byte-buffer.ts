/** A buffer that grows at its end. What {@link reserve} gave may be written before {@link length} is moved. */
export class ByteBuffer {
  /** How many bytes of {@link bytes} are in use. */
  length = 0;
  readonly #allocate: (sizeBytes: number) => Buffer;
  #bytes: Buffer;

  /** @param isShared other threads may be given the storage without its being copied */
  constructor(capacityBytes = 0, isShared = false) {
    this.#allocate = isShared ? allocateShared : allocateOwn;
    this.#bytes = this.#allocate(capacityBytes);
  }

  /** The whole storage; a later {@link reserve} may replace it. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  /** What is in use, as a view that a later {@link reserve} may leave behind. */
  get view(): Buffer {
    return this.#bytes.subarray(0, this.length);
  }

  /** Makes room for `count` more bytes and returns the storage; {@link length} stays. */
  reserve(count: number): Buffer {
    const needed = this.length + count;
    if (needed > this.#bytes.length) {
      const grown = this.#allocate(Math.max(needed, this.#bytes.length * 2));
      this.#bytes.copy(grown, 0, 0, this.length);
      this.#bytes = grown;
    }
    return this.#bytes;
  }

  /** Appends bytes, those from `start` up to `end` if not all. */
  push(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    const source = asBuffer(bytes);
    const target = this.reserve(end - start);
    this.length += copyInto(target, this.length, source, start, end);
  }
}

/**
 * Copies bytes, those from `start` up to `end` if not all, to where there is room for them; returns how many.
 *
 * All of a Buffer are copied by V8, word by word where the memory of either is shared, which takes five times as long as what
 * the C library does with a part of one.
 */
export function copyInto(
  target: Buffer,
  at: number,
  source: Buffer,
  start = 0,
  end: number = source.length,
): number {
  const first = source[start];
  if (first === undefined || end <= start) return 0;
  target[at] = first;
  return 1 + source.copy(target, at + 1, start + 1, end);
}

/** The same bytes, as a Buffer. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function allocateOwn(sizeBytes: number): Buffer {
  return Buffer.allocUnsafeSlow(sizeBytes);
}

function allocateShared(sizeBytes: number): Buffer {
  return Buffer.from(new SharedArrayBuffer(sizeBytes));
}
