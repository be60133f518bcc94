import { LedgerError } from '../errors.ts';
import type { ReadableStorage, WritableStorage } from '../storage/storage.ts';
import type { EpochKeys } from './epoch-keys.ts';
import {
  emptySegment,
  JOURNAL_FOLDER,
  scanSegment,
  segmentFile,
  segmentsAmong,
  type ReadFrame,
  type Segment,
} from './segment.ts';

/** What {@link recoverSegments} needs. */
export interface RecoveryOptions {
  storage: WritableStorage;
  epochKeys: EpochKeys;
  /** The size of the published checkpoint: entries below it are safe in the tiles, all others are in the journal. */
  publishedSize: number;
  /** Called with each frame in order. */
  onFrame: (frame: ReadFrame) => void;
}

/**
 * Finds out what the journal holds after a crash. The frame that was being written when the process ended is cut
 * off: nobody was told that it was durable. All segments are closed; appending goes on in a new one.
 *
 * @throws LedgerError `journal_damaged` naming file and offset, where bytes were changed, or entries are missing
 *   that were durable
 */
export async function recoverSegments(options: RecoveryOptions): Promise<Segment[]> {
  const { storage, publishedSize } = options;
  const firsts = segmentsAmong(await storage.list(JOURNAL_FOLDER));
  const segments: Segment[] = [];
  for (const [i, first] of firsts.entries()) {
    const segment = emptySegment(first);
    const file = segmentFile(segment.name);
    const previousEnd = Math.max(segments.at(-1)?.end ?? 0, publishedSize);
    if (first > previousEnd) {
      throw damaged(file, 0, `entries ${previousEnd} to ${first - 1} are missing before it`);
    }
    if (first < (segments.at(-1)?.end ?? 0)) throw damaged(file, 0, 'it overlaps the segment before it');
    const isLast = i === firsts.length - 1;
    const scanEnd = await scanSegment(storage, segment, options.onFrame);
    if (scanEnd === 'damaged' || (scanEnd === 'torn' && (!isLast || segment.end < publishedSize))) {
      throw damaged(file, segment.sizeBytes, 'a frame there does not hold together');
    }
    segment.closed = true;
    if (segment.frames.length === 0) {
      await storage.remove([file]);
      await options.epochKeys.destroy(segment.name);
      continue;
    }
    // Also if nothing is torn: the process may have ended before its last write was durable, and from now on it counts.
    if (isLast) await storage.append(file, segment.sizeBytes, []);
    segments.push(segment);
  }
  return segments;
}

/**
 * Brings what is known of the segments up to date, changing nothing: for readers beside a running ledger.
 *
 * @param known what an earlier call returned
 * @throws LedgerError `journal_damaged`
 */
export async function refreshSegments(
  storage: ReadableStorage,
  known: readonly Segment[],
): Promise<Segment[]> {
  const firsts = segmentsAmong(await storage.list(JOURNAL_FOLDER));
  const segments: Segment[] = [];
  for (const [i, first] of firsts.entries()) {
    const segment = known.find((candidate) => candidate.first === first) ?? emptySegment(first);
    if (!segment.closed) {
      let scanEnd = await scanSegment(storage, segment);
      // A frame that was being written, or cut off, as it was read can look like damage: that does not last.
      if (scanEnd === 'damaged') scanEnd = await scanSegment(storage, segment);
      if (scanEnd === 'damaged') {
        throw damaged(segmentFile(segment.name), segment.sizeBytes, 'a frame there does not hold together');
      }
      if (scanEnd === undefined) continue;
    }
    segment.closed = i < firsts.length - 1;
    segments.push(segment);
  }
  return segments;
}

function damaged(path: string, offset: number, what: string): LedgerError {
  return new LedgerError('journal_damaged', `${path} is damaged at byte ${offset}: ${what}`, {
    hint: 'Restore the journal directory from a copy, or move it away to go on from the published checkpoint.',
  });
}
