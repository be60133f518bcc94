import { SerialQueue } from '../serial-queue.ts';
import { fileStorage } from '../storage/file.ts';
import type { EpochKeys } from './epoch-keys.ts';
import type { JournalReader, SegmentInfo } from './journal.ts';
import { refreshSegments } from './recovery.ts';
import { SegmentReader, type JournalGroup } from './segment-reader.ts';
import type { Segment } from './segment.ts';

/** A {@link JournalReader} that can look again at what the process that writes the journal has done since. */
export interface RefreshableJournalReader extends JournalReader {
  /** Brings {@link JournalReader.segments} up to date; the other members do it by themselves. */
  refresh(): Promise<void>;
}

/**
 * Reads a journal from its directory without opening the ledger: beside the process that writes it, or when there is
 * none. Changes nothing.
 *
 * @param options.directory the data directory; the journal is in `journal/` below it
 * @throws LedgerError `journal_damaged`
 */
export async function openJournalReader(options: {
  directory: string;
  epochKeys: EpochKeys;
}): Promise<RefreshableJournalReader> {
  const storage = fileStorage(options.directory);
  const reader = new SegmentReader(storage, options.epochKeys);
  const queue = new SerialQueue();
  let segments: Segment[] = [];
  const refresh = (): Promise<void> =>
    queue.run(async () => {
      segments = await refreshSegments(storage, segments);
    });
  await refresh();
  return {
    refresh,
    segments: (): SegmentInfo[] =>
      segments.map(({ name, first, end, closed }) => ({ name, first, end, closed })),
    async *read(name): AsyncGenerator<JournalGroup> {
      await refresh();
      const segment = segments.find((candidate) => candidate.name === name);
      if (segment !== undefined) yield* reader.read(segment);
    },
    async readOpenings(from, to) {
      // Segments that are known do not change but by being removed, which shows when they are read.
      if (to > (segments.at(-1)?.end ?? 0)) await refresh();
      return await reader.readOpenings(segments, from, to);
    },
  };
}
