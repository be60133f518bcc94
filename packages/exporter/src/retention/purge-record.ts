import type { AuditRecord, JsonObject, RecordDraft } from '@spanledger/record';

import type { DerivedDraft } from '../derived-draft.ts';
import { derivedId } from '../outbox/index.ts';
import { ownRecord, THE_SERVICE } from '../own-record.ts';
import { timestampOf } from '../timestamp.ts';
import type { PurgedOfClass } from './retention-table.ts';

const PURGED = 'retention.purged';

/** The prefix of the ids of these records. */
export const RETENTION_KIND = 'retention';

/**
 * The record of a purge: of which class, how many records, and between which of the log they lie.
 *
 * @param run - tells it from other purges of the same records
 * @param nowMs - milliseconds since the epoch
 */
export function purgeRecord(purged: PurgedOfClass, run: number, nowMs: number): DerivedDraft {
  const { class: name, count, first, last } = purged;
  return {
    draft: ownRecord({
      id: derivedId(RETENTION_KIND, name, `${run}`, `${first}`, `${last}`, `${count}`),
      timestamp: timestampOf(nowMs),
      subject: THE_SERVICE,
      audit: {
        action: 'PURGE',
        outcome: 'success',
        retention: { class: name, count, first_index: first, last_index: last },
        target: { id: name, type: 'retention.class' },
      },
      event: { action: PURGED, category: ['configuration'], type: ['deletion'] },
    }),
  };
}

/**
 * What a record of the ledger says was purged.
 *
 * @returns undefined of a record of anything else; no span has this member
 */
export function purgedOf({ audit, event, span }: AuditRecord & JsonObject): PurgedOfClass | undefined {
  if (event.action !== PURGED || span !== undefined || audit.retention === undefined) return undefined;
  const { class: name, count, first_index: first, last_index: last } = audit.retention;
  if (name === undefined || count === undefined || first === undefined || last === undefined)
    return undefined;
  return { class: name, count, first, last };
}

/**
 * The record of a pruning, which must be published before any entry goes: that nobody else took the entries away, it alone says.
 *
 * @param minimumIndex - the first ledger index that the log still has from then on
 * @param nowMs - milliseconds since the epoch
 */
export function pruneRecord(minimumIndex: number, nowMs: number): RecordDraft {
  return ownRecord({
    id: `${RETENTION_KIND}-pruned-${minimumIndex}-${nowMs}`,
    timestamp: timestampOf(nowMs),
    subject: THE_SERVICE,
    audit: {
      action: 'PRUNE',
      outcome: 'success',
      retention: { minimum_index: minimumIndex },
      target: { type: 'ledger.entries' },
    },
    event: { action: 'retention.pruned', category: ['configuration'], type: ['deletion'] },
  });
}
