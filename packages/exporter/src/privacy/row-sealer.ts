import { hkdfSync } from 'node:crypto';

import type { RowSealer } from '../outbox/index.ts';
import { KEY_BYTES, takeKey } from './kek.ts';
import { open, seal } from './sealed-box.ts';

/**
 * Seals rows of a follower's database under a key of their own, drawn from the key of the blind index: without that
 * one the database is thrown away in any case.
 *
 * @param indexKey - 32 bytes
 * @param purpose - the table that the rows are of
 */
export function createRowSealer(indexKey: Uint8Array, purpose: string): RowSealer {
  const key = takeKey(Buffer.from(hkdfSync('sha256', indexKey, '', `spanledger ${purpose}`, KEY_BYTES)));
  return {
    seal: (name, bytes) => seal(key, `${purpose} ${name}`, bytes),
    open: (name, box) => open(key, `${purpose} ${name}`, box),
  };
}
