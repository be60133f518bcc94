import type { AlertSeverity, EvidenceFields } from '@spanledger/record';

import { evidenceOf, type EvidenceRecord } from '../derived-draft.ts';
import type { FollowedRecord } from '../followed-records.ts';
import type { CompiledRule } from './compiled-rule.ts';
import { timestampOf } from '../timestamp.ts';
import { timeOf } from './record-clock.ts';
import { type AlertRule, isSeverity } from './rule.ts';

/** An alert that a rule raises. */
export interface RaisedAlert {
  rule: AlertRule;
  severity: AlertSeverity;
  /** RFC 3339: when what raised it happened. */
  timestamp: string;
  /** The record that completed it; of an absence, the one that nothing followed. */
  trigger: EvidenceRecord;
  evidence: EvidenceFields;
  /** RFC 3339: the earliest record that it rests on. */
  first: string;
  /** RFC 3339: the latest. */
  last: string;
}

/** What an alert rests on, where that is more than the records that are named. */
export interface AlertExtent {
  /** How many records. */
  count?: number;
  /** Ledger index of the first of all. */
  firstIndex?: number;
  /** When the earliest and the latest were, milliseconds since the epoch. */
  firstMs?: number | undefined;
  lastMs?: number | undefined;
}

/**
 * The alert that a record completed.
 *
 * @param found - records that it rests on, in the order of the ledger
 */
export function alertOf(
  { rule, severity }: CompiledRule,
  record: FollowedRecord,
  found: readonly EvidenceRecord[],
  extent: AlertExtent = {},
): RaisedAlert {
  const timestamp = record.record['@timestamp'];
  const [said] = severity?.(record) ?? [];
  const timeMs = timeOf(timestamp);
  const trigger = evidenceRecord(record);
  const { count = found.length, firstIndex = found[0]?.index, firstMs = timeMs, lastMs = timeMs } = extent;
  return {
    rule,
    severity: isSeverity(said) ? said : rule.severity,
    timestamp,
    trigger,
    // The one that completed it is named, also where others stand for it.
    evidence: evidenceOf(withTrigger(found, trigger), count, firstIndex),
    first: firstMs < timeMs ? timestampOf(firstMs) : timestamp,
    last: lastMs > timeMs ? timestampOf(lastMs) : timestamp,
  };
}

/** A record as evidence. */
export function evidenceRecord({ index, record }: FollowedRecord): EvidenceRecord {
  return { id: record.audit.record.id, index };
}

/** The records in the order of the ledger, and the one that completed them, which may be a late one. */
function withTrigger(found: readonly EvidenceRecord[], trigger: EvidenceRecord): EvidenceRecord[] {
  if (found.some(({ index }) => index === trigger.index)) return [...found];
  return [...found, trigger].toSorted((a, b) => a.index - b.index);
}
