import type { KeyChange } from '@spanledger/ledger';
import { AUDIT_SCHEMA_VERSION, ECS_VERSION, type RecordDraft } from '@spanledger/record';

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
  return {
    id: keyRecordId(number),
    subject: { issuer: '', id: 'spanledger', type: 'system' },
    clear: {
      '@timestamp': new Date(nowMs).toISOString().replace('Z', '000000Z'),
      audit: {
        action: state === 'active' ? 'CREATE' : 'REVOKE',
        key: { from, number, replaces, state, statement: note, vkey },
        outcome: 'success',
        record: { id: keyRecordId(number) },
        schema: { version: AUDIT_SCHEMA_VERSION },
        target: { id: state === 'active' ? vkey : replaces, type: 'ledger.key' },
      },
      ecs: { version: ECS_VERSION },
      event: {
        action,
        category: ['configuration'],
        dataset: 'spanledger.audit',
        kind: 'event',
        module: 'spanledger',
        outcome: 'success',
        type: [type],
      },
    },
    groups: {},
  };
}
