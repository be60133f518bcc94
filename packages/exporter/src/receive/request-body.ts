import type { Readable } from 'node:stream';
import { MAX_BODY_BYTES } from './limits.ts';
import { releaseBytes } from './released-bytes.ts';
import { malformed, tooLarge } from './request-errors.ts';

/** Of a body whose length was not announced, this much is made room for at first. */
const FIRST_BYTES = 64 * 1024;

/** And of one whose length was: what was announced may never come. */
const MAX_FIRST_BYTES = 1024 * 1024;

/** Told how it ended: either an ExporterError, or the body, which is the receiver's alone. */
type BodyReceived = (error: Error | null, body?: Buffer) => void;

/** One body as it arrives: each piece is moved into one run of memory, and its own is given back. */
class ArrivingBody {
  readonly #announced: number | undefined;
  #bytes: Buffer | undefined;
  #length = 0;

  /** @param announced - how many bytes it is said to have; undefined where nothing is said */
  constructor(announced: number | undefined) {
    this.#announced = announced;
  }

  /** @throws ExporterError `request_too_large` */
  add(piece: Buffer): void {
    const length = this.#length + piece.length;
    if (length > MAX_BODY_BYTES) throw bodyTooLarge();
    if (length === this.#announced && this.#bytes === undefined) {
      // Node.js gives each piece memory of its own: what comes in one need not be moved.
      this.#bytes = piece;
      this.#length = length;
      return;
    }
    const bytes = this.#reserve(length);
    bytes.set(piece, this.#length);
    this.#length = length;
    releaseBytes(piece);
  }

  /** @throws ExporterError `request_malformed` where there is less than was announced */
  finish(): Buffer {
    if (this.#announced !== undefined && this.#announced !== this.#length) {
      throw malformed(`a body of ${this.#length} bytes, announced with ${this.#announced}`);
    }
    return this.#bytes?.subarray(0, this.#length) ?? Buffer.alloc(0);
  }

  release(): void {
    if (this.#bytes !== undefined) releaseBytes(this.#bytes);
  }

  #reserve(length: number): Buffer {
    const bytes = this.#bytes;
    if (bytes !== undefined && length <= bytes.length) return bytes;
    const most = Math.max(length, Math.min(this.#announced ?? MAX_BODY_BYTES, MAX_BODY_BYTES));
    const first = Math.min(this.#announced ?? FIRST_BYTES, MAX_FIRST_BYTES);
    const larger = Buffer.allocUnsafeSlow(Math.min(most, Math.max(first, length, 2 * (bytes?.length ?? 0))));
    if (bytes !== undefined) {
      larger.set(bytes.subarray(0, this.#length));
      releaseBytes(bytes);
    }
    this.#bytes = larger;
    return larger;
  }
}

/** How a body is received. */
export interface Receiving {
  /** Its Content-Length; undefined where there is none. */
  announced: number | undefined;
  /** Told of each piece; what it throws is what the body ends with. */
  onPiece: (sizeBytes: number) => void;
  /** Called once: with ExporterError `request_too_large`, `request_malformed` where it did not come whole. */
  onEnd: BodyReceived;
}

/** Receives the body of a request, of up to {@link MAX_BODY_BYTES}. What comes after an error is not kept. */
export function receiveBody(payload: Readable, { announced, onPiece, onEnd }: Receiving): void {
  const body = new ArrivingBody(announced);
  const end = (error: Error | null, bytes?: Buffer): void => {
    payload.off('data', add);
    payload.off('end', finish);
    payload.off('error', fail);
    if (error !== null) {
      body.release();
      discardBody(payload);
    }
    onEnd(error, bytes);
  };
  const add = (piece: Buffer): void => {
    try {
      onPiece(piece.length);
      body.add(piece);
    } catch (error) {
      releaseBytes(piece);
      end(asError(error));
    }
  };
  const finish = (): void => {
    try {
      end(null, body.finish());
    } catch (error) {
      end(asError(error));
    }
  };
  const fail = (cause: Error): void => {
    end(malformed('the body broke off', cause));
  };
  if (announced !== undefined && announced > MAX_BODY_BYTES) {
    onEnd(bodyTooLarge());
    return;
  }
  payload.on('data', add);
  payload.once('end', finish);
  payload.once('error', fail);
}

/** Receives a body that nobody will look at: the connection is of use only once it has come. */
export function discardBody(payload: Readable): void {
  payload.on('data', releaseBytes);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : malformed('the body', error);
}

function bodyTooLarge(): Error {
  return tooLarge(`a body of more than ${MAX_BODY_BYTES} bytes`, 'Send smaller batches.');
}
