import { Buffer } from 'node:buffer';
import type { RecordDraft } from '@spanledger/record';
import { sha256 } from './record-crypto.ts';

/** Words of a {@link SpanKey}. */
export const KEY_WORDS = 6;

/** Trace id and span id. */
export const KEY_BYTES: number = KEY_WORDS * Int32Array.BYTES_PER_ELEMENT;

/**
 * What a span is told from others by, in the 24 bytes of its trace id and span id: text would be four times as much, and
 * something to collect for each span.
 */
export type SpanKey = Int32Array;

/** What names a span for the recognition of repeats: its producer and number, or its record id. */
export interface SpanIdentity {
  /** `audit.record.id`. */
  readonly id: string;
  readonly producer?: Readonly<NonNullable<RecordDraft['producer']>> | undefined;
  /** {@link keyOf} its id, by the stream of its producer, or by {@link NO_STREAM}; it is found out where it is not said. */
  readonly key?: SpanKey | undefined;
}

/** How ids of records end whose sender has no stream; see docs/record-format.md. */
export const NO_STREAM = '0';

const HEX_IDS = /^[0-9a-f]{32}-[0-9a-f]{16}-/;
const TRACE_DIGITS = 32;
const SPAN_ID_START = 33;
const IDS_LENGTH = 50;

/**
 * The key of a record's id. An id of the stream that goes without saying is known by its trace and span; any other by its
 * SHA-256, which nothing else has.
 *
 * @param id - `audit.record.id`; see docs/record-format.md
 * @param streamId - how the ids end that go by their trace and span
 */
export function keyOf(id: string, streamId: string): SpanKey {
  const key = new Int32Array(KEY_WORDS);
  const bytes = Buffer.from(key.buffer);
  if (id.length === IDS_LENGTH + streamId.length && id.endsWith(streamId) && HEX_IDS.test(id)) {
    const spanAt = bytes.write(id.slice(0, TRACE_DIGITS), 'hex');
    bytes.write(id.slice(SPAN_ID_START, IDS_LENGTH - 1), spanAt, 'hex');
  } else bytes.set(sha256(Buffer.from(id)).subarray(0, KEY_BYTES));
  return key;
}

/** The record's id that {@link keyOf} makes a key of. */
export function idOf(key: SpanKey, streamId: string): string {
  const hex = Buffer.from(key.buffer, key.byteOffset, KEY_BYTES).toString('hex');
  return `${hex.slice(0, TRACE_DIGITS)}-${hex.slice(TRACE_DIGITS)}-${streamId}`;
}

/** What tells a span from others of its producer. */
export function keyInStream(span: SpanIdentity, streamId: string): SpanKey {
  // The id is only asked for where there is no other way: it may have to be made.
  return span.key ?? keyOf(span.id, streamId);
}

/** What tells a span from all others: nobody's number is of use. */
export function keyAlone(span: SpanIdentity): SpanKey {
  return (span.producer === undefined ? span.key : undefined) ?? keyOf(span.id, NO_STREAM);
}
