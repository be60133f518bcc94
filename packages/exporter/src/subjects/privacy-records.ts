import type { JsonObject, RecordDraft } from '@spanledger/record';
import { ownRecord, THE_SERVICE } from '../own-record.ts';
import { timestampOf } from '../timestamp.ts';

import type { Erasure } from './erasure.ts';
import type { Hold } from './hold.ts';

/** What happens to an erasure. */
export type ErasureStepName = 'requested' | 'approved' | 'held' | 'withdrawn' | 'completed';

const TYPES: Readonly<Record<ErasureStepName, { type: string; verb: string }>> = {
  requested: { type: 'info', verb: 'REQUEST' },
  approved: { type: 'allowed', verb: 'APPROVE' },
  held: { type: 'denied', verb: 'HOLD' },
  withdrawn: { type: 'denied', verb: 'WITHDRAW' },
  completed: { type: 'deletion', verb: 'ERASE' },
};

/** `audit.record.id` of the record of a step. */
export function erasureRecordId(id: string, step: ErasureStepName): string {
  return `erasure-${id}-${step}`;
}

/**
 * The record of a step of an erasure. It names nobody: the reference stands for a person whom nobody can find any more;
 * why it was asked for is committed.
 */
export function erasureRecord(erasure: Erasure, step: ErasureStepName, nowMs: number): RecordDraft {
  const {
    id,
    reference,
    requested_by: requestedBy,
    approved_by: approvedBy,
    before,
    counts,
    reason,
  } = erasure;
  return draft({
    // It may be held more than once.
    recordId: `${erasureRecordId(id, step)}${step === 'held' ? `-${nowMs}` : ''}`,
    action: `privacy.erasure.${step}`,
    ...TYPES[step],
    nowMs,
    target: { id: reference, type: 'subject' },
    audit: {
      erasure: {
        id,
        requested_by: requestedBy.name,
        ...(approvedBy !== undefined && { approved_by: approvedBy.name }),
        ...(before !== undefined && { before }),
        ...(counts !== undefined && {
          records: counts.records,
          companions: counts.companions,
          mentions: counts.mentions,
          sessions: counts.sessions,
          ...(counts.elasticsearch !== undefined && { documents: counts.elasticsearch }),
        }),
      },
    },
    message: step === 'requested' ? reason : undefined,
  });
}

/** The record of a legal hold that was set or released; what a query asks for, and why, is committed. */
export function holdRecord(hold: Hold, nowMs: number): RecordDraft {
  const { id, kind, query, reference, reason, set_by: setBy, released_by: releasedBy } = hold;
  const isReleased = releasedBy !== undefined;
  const step = isReleased ? 'released' : 'set';
  return draft({
    recordId: `hold-${id}-${step}`,
    action: `privacy.hold.${step}`,
    type: isReleased ? 'deletion' : 'creation',
    verb: isReleased ? 'RELEASE' : 'HOLD',
    nowMs,
    target: { id: reference ?? id, type: reference === undefined ? 'hold' : kind },
    audit: { hold: { id, kind, by: (releasedBy ?? setBy).name } },
    message: reason,
    ...(kind === 'query' || kind === 'time' ? { attributes: { 'hold.query': query } } : {}),
  });
}

interface PrivacyRecord {
  recordId: string;
  action: string;
  type: string;
  verb: string;
  nowMs: number;
  target: { id: string; type: string };
  audit: JsonObject;
  message: string | undefined;
  attributes?: JsonObject;
}

function draft(record: PrivacyRecord): RecordDraft {
  const { recordId, action, type, verb, nowMs, target, audit, message, attributes } = record;
  return ownRecord({
    id: recordId,
    timestamp: timestampOf(nowMs),
    subject: THE_SERVICE,
    audit: { ...audit, action: verb, outcome: 'success', target },
    event: { action, category: ['configuration'], type: [type] },
    groups: {
      ...((message !== undefined || attributes !== undefined) && {
        content: {
          ...(message !== undefined && { message }),
          ...(attributes !== undefined && { attributes }),
        },
      }),
    },
  });
}
