import type { Openings } from '@spanledger/record';
import { ExporterError } from '../errors.ts';

/**
 * Parses openings that this service sealed itself. That their box opened says that nobody changed them since they were
 * made, so their form is not checked again: the strict parser takes three times as long.
 *
 * @param bytes - out of a box of journal or vault
 * @throws ExporterError `vault_damaged` for what is no JSON
 */
export function parseOwnOpenings(bytes: Uint8Array): Openings {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
  } catch {
    // Not passed on as the cause: V8's message quotes the text.
    throw new ExporterError('vault_damaged', 'openings of journal or vault do not parse');
  }
}
