import type { AuditRecord, JsonObject, Openings } from '@spanledger/record';

import { ExporterError } from './errors.ts';
import type { FollowedBatch } from './follower.ts';
import type { OpeningsReader } from './openings.ts';

/** A record as followers take it in. */
export interface FollowedRecord {
  /** Ledger index. */
  index: number;
  record: AuditRecord & JsonObject;
  openings: Openings;
}

/** Turns followed entries into records with their opened groups. */
export interface FollowedRecords {
  /** The answer may be shared with other followers: it must not be changed. */
  read(batch: FollowedBatch): Promise<readonly FollowedRecord[]>;
  /** What was read is not handed out again. */
  forget(): void;
}

/**
 * Reads records for followers that run side by side: what one of them asked for last, the others get without its
 * being read and parsed again. Published entries and their opened groups do not change.
 *
 * @param openings - where the opened groups of the records are
 */
export function followedRecords(openings: OpeningsReader): FollowedRecords {
  let last: { from: number; to: number; answer: Promise<readonly FollowedRecord[]> } | undefined;
  return {
    read(batch) {
      const from = batch.first;
      const to = from + batch.entries.length;
      if (last?.from === from && last.to === to) return last.answer;
      const answer = readRecords(batch, openings);
      last = { from, to, answer };
      answer.catch(() => {
        if (last?.answer === answer) last = undefined;
      });
      return answer;
    },
    forget() {
      last = undefined;
    },
  };
}

async function readRecords(
  { first, entries }: FollowedBatch,
  openings: OpeningsReader,
): Promise<FollowedRecord[]> {
  const opened = await openings.read(first, first + entries.length);
  return entries.map((bytes, i) => {
    const index = first + i;
    return { index, record: parseOwnRecord(bytes, index), openings: opened.get(index) ?? {} };
  });
}

/**
 * Parses an entry of our own ledger. It was canonical when it was hashed, and whether it still is what was hashed is
 * for a verification to say; the strict parser takes three times as long.
 */
export function parseOwnRecord(bytes: Uint8Array, index: number): FollowedRecord['record'] {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
  } catch {
    // Not passed on as the cause: V8's message quotes the text.
    const hint = "run 'spanledger verify': it names every file that is damaged";
    throw new ExporterError('ledger_damaged', `Entry ${index} of the ledger does not parse`, { hint });
  }
}
