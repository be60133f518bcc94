import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import { MAX_INFLATED_BYTES, MAX_INFLATING } from './limits.ts';
import { malformed, tooLarge, unsupportedType } from './request-errors.ts';

const gunzip = promisify<zlib.InputType, zlib.ZlibOptions, Buffer>(zlib.gunzip);
const unzstd = promisify<zlib.InputType, zlib.ZstdOptions, Buffer>(zlib.zstdDecompress);

/**
 * Bytes that are inflated in one go: for each go another thread is asked. A piece is as long as the body is thought to
 * become, between these two.
 */
const MIN_PIECE_BYTES = 16 * 1024;
const MAX_PIECE_BYTES = 1024 * 1024;
/** Spans are seldom compressed by more. */
const TYPICAL_RATIO = 12;

/**
 * Inflates request bodies off the main thread, a few at a time, each up to a maximum: a small body that inflates to
 * gigabytes costs no more than the maximum.
 */
export class Inflater {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /**
   * @param encoding - the request's Content-Encoding
   * @throws ExporterError `request_type_unsupported`, `request_too_large`, `request_malformed`
   */
  async inflate(bytes: Buffer, encoding: string | undefined): Promise<Buffer> {
    switch (encoding?.trim().toLowerCase()) {
      case undefined:
      case '':
      case 'identity':
        return bytes;
      case 'gzip':
        return this.#run(() =>
          gunzip(bytes, { maxOutputLength: MAX_INFLATED_BYTES, chunkSize: pieceBytes(gzipSize(bytes)) }),
        );
      case 'zstd':
        return this.#run(() =>
          unzstd(bytes, {
            maxOutputLength: MAX_INFLATED_BYTES,
            chunkSize: pieceBytes(TYPICAL_RATIO * bytes.length),
          }),
        );
      default:
        throw unsupportedType('unsupported content encoding', 'Send gzip, zstd, or no encoding.');
    }
  }

  async #run(inflate: () => Promise<Buffer>): Promise<Buffer> {
    if (this.#running >= MAX_INFLATING) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running++;
    try {
      return await inflate();
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE') {
        throw tooLarge(`the body inflates to more than ${MAX_INFLATED_BYTES} bytes`, 'Send smaller batches.');
      }
      throw malformed('the body does not inflate', cause);
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }
}

/** How long a body becomes, as its last four bytes say (RFC 1952, 2.3.1): its sender may have put anything there. */
function gzipSize(bytes: Buffer): number {
  return bytes.length < 4 ? 0 : bytes.readUInt32LE(bytes.length - 4);
}

/** A byte more than is thought: what fills its piece exactly has zlib ask for another. */
function pieceBytes(expectedBytes: number): number {
  return Math.min(MAX_PIECE_BYTES, Math.max(MIN_PIECE_BYTES, expectedBytes + 1));
}
