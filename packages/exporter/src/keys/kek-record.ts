import type { RecordDraft } from '@spanledger/record';

import { ownRecord, THE_SERVICE } from '../own-record.ts';

/** A change of the key-encryption key, as it was written down. */
export interface RecordedKekRotation {
  id: string;
  /** RFC 3339, milliseconds. */
  at: string;
  from: 'file' | 'environment' | 'command';
  to: 'file' | 'environment' | 'command';
  /** How many keys were wrapped anew. */
  keys: number;
}

/** `audit.record.id` of the record of a change of the key-encryption key. */
export function kekRecordId(id: string): string {
  return `kek-rotation-${id}`;
}

/** The record of a change of the key-encryption key: when, from where to where, of how many keys. Nothing of either key. */
export function kekRecord({ id, at, from, to, keys }: RecordedKekRotation): RecordDraft {
  return ownRecord({
    id: kekRecordId(id),
    timestamp: at.replace('Z', '000000Z'),
    subject: THE_SERVICE,
    audit: {
      action: 'ROTATE',
      kek: { from, keys, to },
      outcome: 'success',
      target: { id: 'kek', type: 'key_encryption_key' },
    },
    event: { action: 'vault.kek.rotated', category: ['configuration'], type: ['change'] },
  });
}
