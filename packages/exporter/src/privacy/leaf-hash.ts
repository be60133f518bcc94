import { hashLeaf } from '@spanledger/ledger/verify';

/** The leaf hash of an entry, lower-case hex: it stands for the entry and, through `previous`, for all before it. */
export function leafHash(entry: Uint8Array): string {
  return Buffer.from(hashLeaf(entry)).toString('hex');
}
