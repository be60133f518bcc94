import {
  type AuditRecord,
  EVENT_PRODUCER_ENDED,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  readSkippedNumbers,
  type SkippedNumbers,
} from '@spanledger/record';

import type { EvidenceRecord } from '../derived-draft.ts';

/** What the service says of a producer in a record of its own: `audit.producer`. */
export interface ProducerStatement {
  action: 'gap' | 'silent';
  streamId: string;
  first: number;
  last: number;
  count: number;
}

/** What a producer says of numbers that it could not keep: `audit.lost`. */
export interface LossStatement {
  first: number;
  last: number;
  count: number;
  reason: string;
}

/** What a record says about the sequence of its producer. */
export interface SequenceFacts extends EvidenceRecord {
  /** RFC 3339. */
  time: string;
  /** Absent where the producer does not number, and for records of the service itself. */
  streamId?: string;
  number?: number;
  /** A lifecycle event shares the number of its span. */
  isEvent: boolean;
  /** `service.name`, and `service.node.name` (the instance) where the producer has one. */
  service: string;
  instance: string;
  /** The terminal marker. */
  isEnd: boolean;
  lost?: LossStatement;
  statement?: ProducerStatement;
  /** Numbers that the audit policy left out: they are not missing. */
  skipped?: SkippedNumbers;
  /** `audit.session.id`, of a record that tells of a span. */
  session?: string;
}

const EVENT_ID = /-e\d+$/;
const ACTIONS: ReadonlyMap<string, ProducerStatement['action']> = new Map([
  ['producer.gap', 'gap'],
  ['producer.silent', 'silent'],
]);

/** Reads what a record of the log says about sequences. */
export function sequenceFacts(record: AuditRecord & JsonObject, index: number): SequenceFacts {
  const { audit, event } = record;
  const { sequence } = audit;
  const id = audit.record.id;
  const lost = audit.lost && { ...audit.lost, reason: event.reason ?? 'unknown' };
  const statement = statementOf(record);
  const skipped = readSkippedNumbers(record);
  return {
    id,
    index,
    time: record['@timestamp'],
    ...(sequence !== undefined && { streamId: sequence.stream_id, number: sequence.number }),
    isEvent: EVENT_ID.test(id),
    service: text(member(record.service, 'name')),
    instance: text(member(member(record.service, 'node'), 'name')),
    isEnd: event.kind === 'event' && event.action === EVENT_PRODUCER_ENDED,
    ...(lost !== undefined && isRange(lost) && { lost }),
    ...(statement !== undefined && { statement }),
    ...(skipped !== undefined && { skipped }),
    ...(record.span !== undefined && audit.session !== undefined && { session: audit.session.id }),
  };
}

function statementOf({ audit, event }: AuditRecord): ProducerStatement | undefined {
  const action = event.kind === 'state' ? ACTIONS.get(event.action) : undefined;
  if (action === undefined || audit.producer === undefined) return undefined;
  const { stream_id: streamId, first = 1, last = 0 } = audit.producer;
  const { count = last - first + 1 } = audit.producer;
  return isRange({ first, last, count }) ? { action, streamId, first, last, count } : undefined;
}

function isRange({ first, last, count }: { first: number; last: number; count: number }): boolean {
  return [first, last, count].every((number) => Number.isSafeInteger(number) && number >= 1) && first <= last;
}

function member(value: JsonValue | undefined, name: string): JsonValue | undefined {
  return isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function text(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}
