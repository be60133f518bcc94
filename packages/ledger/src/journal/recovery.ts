import { join } from 'node:path';
import { LedgerError } from '../errors.ts';
import { isAbsent, type Files, type OpenFile } from '../files.ts';
import type { EpochKeys } from './epoch-keys.ts';
import {
  emptySegment,
  scanSegment,
  segmentFile,
  segmentsAmong,
  withFile,
  type ReadFrame,
  type Segment,
} from './segment.ts';

/** What {@link recoverSegments} needs. */
export interface RecoveryOptions {
  files: Files;
  /** The journal's directory. */
  directory: string;
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
  const { files, directory, publishedSize } = options;
  const firsts = segmentsAmong(await files.list(directory));
  const segments: Segment[] = [];
  for (const [i, first] of firsts.entries()) {
    const segment = emptySegment(first);
    const path = join(directory, segmentFile(segment.name));
    const previousEnd = Math.max(segments.at(-1)?.end ?? 0, publishedSize);
    if (first > previousEnd) {
      throw damaged(path, 0, `entries ${previousEnd} to ${first - 1} are missing before it`);
    }
    if (first < (segments.at(-1)?.end ?? 0)) throw damaged(path, 0, 'it overlaps the segment before it');
    const isLast = i === firsts.length - 1;
    await withFile(files, path, isLast ? 'write' : 'read', async (file) => {
      const scanEnd = await scanSegment(file, segment, options.onFrame);
      if (scanEnd === 'damaged' || (scanEnd === 'torn' && (!isLast || segment.end < publishedSize))) {
        throw damaged(path, segment.sizeBytes, 'a frame there does not hold together');
      }
      if (scanEnd === 'torn') await cut(file, segment.sizeBytes);
    });
    segment.closed = true;
    if (segment.frames.length > 0) segments.push(segment);
    else await remove(options, path, segment);
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
  files: Files,
  directory: string,
  known: readonly Segment[],
): Promise<Segment[]> {
  const firsts = segmentsAmong(await files.list(directory));
  const segments: Segment[] = [];
  for (const [i, first] of firsts.entries()) {
    const segment = known.find((candidate) => candidate.first === first) ?? emptySegment(first);
    const path = join(directory, segmentFile(segment.name));
    try {
      if (
        !segment.closed &&
        (await withFile(files, path, 'read', (file) => scanSegment(file, segment))) === 'damaged'
      ) {
        throw damaged(path, segment.sizeBytes, 'a frame there does not hold together');
      }
    } catch (error) {
      if (isAbsent(error)) continue;
      throw error;
    }
    segment.closed = i < firsts.length - 1;
    segments.push(segment);
  }
  return segments;
}

async function cut(file: OpenFile, sizeBytes: number): Promise<void> {
  await file.truncate(sizeBytes);
  await file.datasync();
}

async function remove(
  { files, directory, epochKeys }: RecoveryOptions,
  path: string,
  segment: Segment,
): Promise<void> {
  await files.unlink(path);
  await files.syncDirectory(directory);
  await epochKeys.destroy(segment.name);
}

function damaged(path: string, offset: number, what: string): LedgerError {
  return new LedgerError('journal_damaged', `${path} is damaged at byte ${offset}: ${what}`, {
    hint: 'Restore the journal directory from a copy, or move it away to go on from the published checkpoint.',
  });
}
