import type { KeyChange } from '@spanledger/ledger';
import type { RecordDraft } from '@spanledger/record';
import { ownRecord, THE_SERVICE } from '../own-record.ts';
import { timestampOf } from '../timestamp.ts';

const ACTIONS = {
  active: { action: 'ledger.key.added', type: 'creation' },
  retired: { action: 'ledger.key.retired', type: 'change' },
  revoked: { action: 'ledger.key.revoked', type: 'change' },
} as const;

/** `audit.record.id` of the record of a key statement. */
export function keyRecordId(number: number): string {
  return `key-statement-${number}`;
}

/**
 * The record of a change of the log's keys. It holds the statement as it stands in `ledger/keys`, so that the list there
 * cannot be cut without contradicting the log.
 *
 * @param nowMs milliseconds since the epoch
 */
export function keyRecord(
  { note, number, vkey, replaces, state, from }: KeyChange,
  nowMs: number,
): RecordDraft {
  const { action, type } = ACTIONS[state];
  return ownRecord({
    id: keyRecordId(number),
    timestamp: timestampOf(nowMs),
    subject: THE_SERVICE,
    audit: {
      action: state === 'active' ? 'CREATE' : 'REVOKE',
      key: { from, number, replaces, state, statement: note, vkey },
      outcome: 'success',
      target: { id: state === 'active' ? vkey : replaces, type: 'ledger.key' },
    },
    event: { action, category: ['configuration'], type: [type] },
  });
}
