import { SpoolCounters } from '../../../packages/instrumentation/src/spool/spool-counters.ts';
import {
  SpoolWriter,
  type SpoolWriterOptions,
} from '../../../packages/instrumentation/src/spool/spool-writer.ts';

/** A writer with room, without syncing and waiting. */
export function writerInto(
  spoolDirectory: string,
  folder: string,
  options: Partial<SpoolWriterOptions> = {},
): SpoolWriter {
  return new SpoolWriter({
    spoolDirectory,
    folder,
    maxBytes: 1e9,
    fsync: 'off',
    blockMs: 0,
    counters: new SpoolCounters(),
    now: () => 0,
    ...options,
  });
}
