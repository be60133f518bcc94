import {
  COMMITMENT_GROUPS,
  LEDGER_MEMBER_MAX_BYTES,
  MAX_ENTRY_BYTES,
  MAX_GROUP_BYTES,
  SALT_BYTES,
} from '@spanledger/record';
import { NO_STREAM } from '../span-key.ts';
import type { SpanScan } from '../wire/span-scan.ts';
import type { WireReader } from '../wire/wire-reader.ts';
import type { BatchWriter } from './batch-writer.ts';
import { SpanTimes } from './span-times.ts';
import {
  STEP_ACTOR,
  STEP_COMMITMENT,
  STEP_DURATION,
  STEP_HOLE,
  STEP_LITERAL,
  STEP_MESSAGE,
  STEP_NAME,
  STEP_NUMBER,
  STEP_PARENT_ID,
  STEP_RECORD_ID,
  STEP_SESSION,
  STEP_SPAN_ID,
  STEP_STREAM_ID,
  STEP_TIMESTAMP,
  STEP_TRACE_ID,
} from './steps.ts';
import type { Program, Template } from './template.ts';
import { writeAscii, writeHex, writeInteger, writeSalt } from './text.ts';
import { copyBytes, DOES_NOT_FIT, writeId, writeQuoted, writeText, writeValue } from './value-writer.ts';

/** What of a record a template does not know. */
export interface SpanFacts {
  /** Of the producer; empty where there is none. */
  streamId: string;
  number: number;
  actorRef: string;
  sessionRef: string;
}

/** One byte of the request is never more than this in canonical JSON: `\u0000`. */
const MAX_GROWTH = 6;
/** What a record needs beyond its template and its span's values: ids, references, commitments. */
const OWN_BYTES = 2_048;
const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;
const MAX_BYTES_BEFORE_LEDGER = MAX_ENTRY_BYTES - LEDGER_MEMBER_MAX_BYTES;

const QUOTE = 0x22;
const COMMA = 0x2c;
const DASH = 0x2d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** How a group begins in what is hashed, and in what is stored. */
const HASHED_HEADS = COMMITMENT_GROUPS.map((group) => Buffer.from(`{"group":"${group}",`, 'latin1'));
const STORED_HEADS = COMMITMENT_GROUPS.map((group) => Buffer.from(`"${group}":{`, 'latin1'));

/**
 * Writes the record and the opened groups of a span as a template says: byte for byte what `mapSpan` and
 * `buildEntryBatch` make of it.
 */
export class SpanWriter {
  readonly #times: SpanTimes = new SpanTimes();
  readonly #commitments: string[] = COMMITMENT_GROUPS.map(() => '');
  #hole = 0;

  /**
   * Writes one span at the end of a batch.
   *
   * @param spanBytes - the length of its message
   * @returns false, and nothing written, where it does not fit the template after all
   * @throws ExporterError `request_malformed`
   */
  write(
    template: Template,
    scan: SpanScan<unknown>,
    spanBytes: number,
    reader: WireReader,
    facts: SpanFacts,
    batch: BatchWriter,
  ): boolean {
    batch.settle();
    const { entries, openings } = batch;
    const [entriesBefore, openingsBefore] = [entries.length, openings.length];
    const room = template.sizeBytes + MAX_GROWTH * spanBytes + OWN_BYTES;
    entries.reserve(room);
    openings.reserve(room);
    if (
      this.#writeUnwritten(template, scan, reader, facts, batch) &&
      this.#writeGroups(template, scan, reader, facts, batch)
    ) {
      const end = this.#run(template.record, entries.bytes, entriesBefore, scan, reader, facts);
      if (end !== DOES_NOT_FIT && end - entriesBefore <= MAX_BYTES_BEFORE_LEDGER) {
        entries.length = end;
        batch.addWritten(this.#hole);
        return true;
      }
    }
    entries.length = entriesBefore;
    openings.length = openingsBefore;
    return false;
  }

  /** Looks at what the record leaves out: it has to be right all the same. It is written where it is overwritten. */
  #writeUnwritten(
    { unwritten }: Template,
    scan: SpanScan<unknown>,
    reader: WireReader,
    facts: SpanFacts,
    { entries }: BatchWriter,
  ): boolean {
    if (unwritten === undefined) return true;
    return this.#run(unwritten, entries.bytes, entries.length, scan, reader, facts) !== DOES_NOT_FIT;
  }

  #writeGroups(
    { groups }: Template,
    scan: SpanScan<unknown>,
    reader: WireReader,
    facts: SpanFacts,
    batch: BatchWriter,
  ): boolean {
    const { openings, crypto } = batch;
    const out = openings.bytes;
    let at = openings.length;
    let separator = OPEN_BRACE;
    for (const { at: group, program } of groups) {
      out[at++] = separator;
      separator = COMMA;
      at = copyBytes(out, at, STORED_HEADS[group] ?? EMPTY);
      const salted = at;
      at = writeAscii(out, at, '"salt":"');
      at = writeSalt(out, at, batch.salts, batch.nextSalt(), SALT_BYTES);
      at = writeAscii(out, at, '","value":');
      const value = at;
      at = this.#run(program, out, at, scan, reader, facts);
      if (at === DOES_NOT_FIT || at - value > MAX_GROUP_BYTES) return false;
      out[at++] = CLOSE_BRACE;
      this.#commitments[group] = commit(out, salted, at, HASHED_HEADS[group] ?? EMPTY, crypto);
    }
    if (separator === OPEN_BRACE) out[at++] = OPEN_BRACE;
    out[at++] = CLOSE_BRACE;
    openings.length = at;
    return true;
  }

  /** Runs a program; returns just past what it wrote, or {@link DOES_NOT_FIT}. */
  #run(
    { steps, arguments: args, literals }: Program,
    out: Uint8Array,
    start: number,
    scan: SpanScan<unknown>,
    reader: WireReader,
    facts: SpanFacts,
  ): number {
    const { bytes } = reader;
    let at = start;
    for (let i = 0; i < steps.length; i++) {
      const step = steps[i] ?? 0;
      const argument = args[i] ?? 0;
      switch (step) {
        case STEP_LITERAL:
          at = copyBytes(out, at, literals[argument] ?? EMPTY);
          break;
        case STEP_TIMESTAMP:
          at = this.#times.writeTimestamp(out, at, bytes, scan.startTime);
          break;
        case STEP_DURATION:
          at = this.#times.writeDuration(out, at, bytes, scan.startTime, scan.endTime);
          break;
        case STEP_RECORD_ID:
          at = writeRecordId(out, at, bytes, scan, facts.streamId);
          break;
        case STEP_TRACE_ID:
          at = writeId(out, at, bytes, scan.traceId, TRACE_ID_BYTES);
          break;
        case STEP_SPAN_ID:
          at = writeId(out, at, bytes, scan.spanId, SPAN_ID_BYTES);
          break;
        case STEP_PARENT_ID:
          at = writeId(out, at, bytes, scan.parentId, SPAN_ID_BYTES);
          break;
        case STEP_STREAM_ID:
          at = writeQuoted(out, at, facts.streamId);
          break;
        case STEP_NUMBER:
          at = writeInteger(out, at, facts.number);
          break;
        case STEP_ACTOR:
          at = writeQuoted(out, at, facts.actorRef);
          break;
        case STEP_SESSION:
          at = writeQuoted(out, at, facts.sessionRef);
          break;
        case STEP_COMMITMENT:
          at = writeQuoted(out, at, this.#commitments[argument] ?? '');
          break;
        case STEP_HOLE:
          this.#hole = at;
          break;
        case STEP_NAME:
          at = writeText(out, at, reader, scan.name, scan.nameEnd);
          break;
        case STEP_MESSAGE:
          at = writeText(out, at, reader, scan.message, scan.messageEnd);
          break;
        default:
          at = writeValue(
            out,
            at,
            step,
            reader,
            scan.values[2 * argument] ?? 0,
            scan.values[2 * argument + 1] ?? 0,
          );
      }
      if (at === DOES_NOT_FIT) return DOES_NOT_FIT;
    }
    return at;
  }
}

const EMPTY = new Uint8Array(0);

/** `audit.record.id`, as `mapSpan` puts it together. */
function writeRecordId(
  out: Uint8Array,
  start: number,
  bytes: Uint8Array,
  { traceId, spanId }: SpanScan<unknown>,
  streamId: string,
): number {
  out[start] = QUOTE;
  let at = writeHex(out, start + 1, bytes, traceId, TRACE_ID_BYTES);
  out[at] = DASH;
  at = writeHex(out, at + 1, bytes, spanId, SPAN_ID_BYTES);
  out[at] = DASH;
  at = writeAscii(out, at + 1, streamId === '' ? NO_STREAM : streamId);
  out[at] = QUOTE;
  return at + 1;
}

/**
 * The commitment to a group whose salt begins at an offset: what is hashed has another beginning than what is stored, so
 * that is put in its place meanwhile.
 */
function commit(
  out: Uint8Array,
  salted: number,
  end: number,
  head: Uint8Array,
  { sha256Base64url }: BatchWriter['crypto'],
): string {
  const start = salted - head.length;
  for (let i = 0; i < head.length; i++) {
    kept[i] = out[start + i] ?? 0;
    out[start + i] = head[i] ?? 0;
  }
  const commitment = sha256Base64url(out.subarray(start, end));
  for (let i = 0; i < head.length; i++) out[start + i] = kept[i] ?? 0;
  return commitment;
}

/** What stands before a group while it is hashed; LEAD_BYTES are enough. */
const kept = new Uint8Array(32);
