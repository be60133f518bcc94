import type { BatchCrypto, EntryBatch } from '@spanledger/record';
import { BatchWriter } from './batch-writer.ts';

/** In a trial nobody is looked up. */
export const TRIAL_REFERENCE = 'AAAAAAAAAAAAAAAAAAAAAA';

/** A writer for one record of a trial: what it writes is compared, and nothing is drawn for it. */
export function startTrial(crypto: Required<BatchCrypto>): BatchWriter {
  return new BatchWriter(1, trialCrypto(crypto));
}

/** Salts that are all zero. */
export function trialCrypto(crypto: Required<BatchCrypto>): Required<BatchCrypto> {
  return { ...crypto, randomBytes: (sizeBytes: number) => new Uint8Array(sizeBytes) };
}

/** Whether two ways wrote the same record. */
export function isSameRecord(one: EntryBatch, other: EntryBatch): boolean {
  return (
    Buffer.compare(one.bytes, other.bytes) === 0 &&
    Buffer.compare(one.openings, other.openings) === 0 &&
    one.holes[0] === other.holes[0]
  );
}
