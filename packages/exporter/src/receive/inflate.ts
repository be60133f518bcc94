import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import { MAX_INFLATED_BYTES, MAX_INFLATING } from './limits.ts';
import { malformed, tooLarge, unsupportedType } from './request-errors.ts';

const gunzip = promisify<zlib.InputType, zlib.ZlibOptions, Buffer>(zlib.gunzip);
const unzstd = promisify<zlib.InputType, zlib.ZstdOptions, Buffer>(zlib.zstdDecompress);

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
        return this.#run(() => gunzip(bytes, { maxOutputLength: MAX_INFLATED_BYTES }));
      case 'zstd':
        return this.#run(() => unzstd(bytes, { maxOutputLength: MAX_INFLATED_BYTES }));
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
