import { randomUUID } from 'node:crypto';
import { MAX_SKIPPED_RUNS, type RecordDraft } from '@spanledger/record';
import { ownRecord, THE_SERVICE } from '../own-record.ts';
import { timestampOf } from '../timestamp.ts';

/** Why a policy record was written, as `event.reason` has it. */
export type PolicyChangeReason = 'started' | 'changed' | 'refused' | 'removed';

/** What came of a policy file. */
export interface PolicyChange {
  reason: PolicyChangeReason;
  /** SHA-256 of the policy that is in force from now on; undefined: none is. */
  sha256?: string;
  /** The file's text; of a refused one what is wrong with it. */
  text?: string;
}

/** Spans that one rule left out within one window, of one producer. */
export interface SkippedGroup {
  rule: string;
  sha256: string;
  service: string;
  /** Undefined for spans without a producer's number. */
  streamId: string | undefined;
  count: number;
  /** `@timestamp` of the first and of the last of them. */
  first: string;
  last: string;
  /** Their numbers, in any order. */
  numbers: number[];
}

/** The record of a policy that is in force from now on, or was refused. Its text is in the group `content`. */
export function policyChangedRecord({ reason, sha256, text }: PolicyChange, nowMs: number): RecordDraft {
  const isRefused = reason === 'refused';
  const audit = {
    action: 'UPDATE',
    outcome: isRefused ? 'failure' : 'success',
    ...(sha256 !== undefined && { policy: { sha256 } }),
  };
  const name = isRefused ? 'audit.policy.problems' : 'audit.policy.text';
  return ownRecord({
    id: `policy-changed-${randomUUID()}`,
    timestamp: timestampOf(nowMs),
    subject: THE_SERVICE,
    audit,
    event: { action: 'policy.changed', category: ['configuration'], reason, type: ['change'] },
    ...(text !== undefined && { groups: { content: { attributes: { [name]: text } } } }),
  });
}

/**
 * The records of what one rule left out within a window: several where its numbers are in too many runs for one.
 *
 * @param id - `audit.record.id` of the first; the others have a number after it
 */
export function policySkippedRecords(id: string, group: SkippedGroup): RecordDraft[] {
  const { rule, sha256, service, streamId, count, first, last } = group;
  const bounds = toBounds(group.numbers);
  const parts: number[][] = [];
  for (let at = 0; at < bounds.length; at += 2 * MAX_SKIPPED_RUNS)
    parts.push(bounds.slice(at, at + 2 * MAX_SKIPPED_RUNS));
  if (parts.length === 0) parts.push([]);
  return parts.map((numbers, part) =>
    ownRecord({
      id: part === 0 ? id : `${id}-${part + 1}`,
      timestamp: first,
      subject: THE_SERVICE,
      audit: {
        action: 'SKIP',
        outcome: 'success',
        policy: {
          level: 'none',
          rule,
          sha256,
          skipped: {
            // Each span is counted once, whatever part its number is in.
            count: parts.length === 1 ? count : countOf(numbers),
            ...(numbers.length > 0 && { numbers }),
            ...(streamId !== undefined && { stream_id: streamId }),
          },
        },
      },
      event: {
        action: 'policy.skipped',
        category: ['configuration'],
        end: last,
        start: first,
        type: ['info'],
      },
      ...(service !== '' && { clear: { service: { name: service } } }),
    }),
  );
}

/** Numbers as runs: `[first, last, first, last, …]`, ascending. */
function toBounds(numbers: readonly number[]): number[] {
  const bounds: number[] = [];
  for (const number of numbers.toSorted((a, b) => a - b)) {
    const last = bounds.at(-1);
    if (last !== undefined && number <= last + 1) bounds[bounds.length - 1] = number;
    else bounds.push(number, number);
  }
  return bounds;
}

function countOf(bounds: readonly number[]): number {
  let count = 0;
  for (let at = 0; at < bounds.length; at += 2) count += (bounds[at + 1] ?? 0) - (bounds[at] ?? 0) + 1;
  return count;
}
