import type { JsonObject, JsonValue } from '@spanledger/record/canonical-json';

/**
 * What a record says about numbers of a producer that are not in the log: `lost`, the producer itself could not keep so
 * many of them (`audit.lost`); `noticed`, the service found them missing (`producer.gap`).
 */
export interface GapStatement {
  kind: 'lost' | 'noticed';
  /** `audit.sequence.stream_id` of the producer that it is about. */
  streamId: string;
  /** The smallest number that it is about. */
  first: number;
  /** The largest one. What lies between may be in the log. */
  last: number;
  /** How many numbers of these it speaks for. */
  count: number;
  /** Why they were lost: `event.reason`. */
  reason?: string;
}

/** The longest reason that is kept, in UTF-16 code units. */
const MAX_REASON_LENGTH = 64;

/** `event.action` of the record by which the service says that numbers are missing. */
const GAP_ACTION = 'producer.gap';

/**
 * Reads what a record says about missing numbers; undefined where it says nothing of that. A producer speaks for its own
 * numbers only; of others' only the service does, whose records of state no producer can write.
 */
export function readGapStatement(record: JsonObject): GapStatement | undefined {
  const audit = member(record, 'audit');
  const event = member(record, 'event');
  const lost = member(audit, 'lost');
  if (lost !== undefined) {
    const streamId = member(audit, 'sequence')?.['stream_id'];
    return statement('lost', streamId, lost, lost['count'], event?.['reason']);
  }
  if (event?.['kind'] !== 'state' || event['action'] !== GAP_ACTION) return undefined;
  const producer = member(audit, 'producer');
  return producer && statement('noticed', producer['stream_id'], producer);
}

function statement(
  kind: GapStatement['kind'],
  streamId: JsonValue | undefined,
  { first, last }: JsonObject,
  count?: JsonValue,
  reason?: JsonValue,
): GapStatement | undefined {
  if (typeof streamId !== 'string' || !isNumber(first) || !isNumber(last) || last < first) return undefined;
  const most = last - first + 1;
  const claimed = count === undefined ? most : count;
  if (!isNumber(claimed)) return undefined;
  return {
    kind,
    streamId,
    first,
    last,
    count: Math.min(claimed, most),
    ...(typeof reason === 'string' && { reason: reason.slice(0, MAX_REASON_LENGTH) }),
  };
}

function isNumber(value: JsonValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1;
}

function member(parent: JsonObject | undefined, name: string): JsonObject | undefined {
  const value: JsonValue | undefined = parent?.[name];
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
}
