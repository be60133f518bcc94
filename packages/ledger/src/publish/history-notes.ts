import { parseSignedCheckpoint, type Checkpoint } from '../verify/checkpoint.ts';

/** The most notes of a history file. */
export const MAX_HISTORY_NOTES = 1024;

const NAME_PATTERN = /^[0-9]{20}$/;

/** The first sizes of the history files among some file names, ascending. */
export function historiesAmong(names: readonly string[]): number[] {
  return names
    .filter((name) => NAME_PATTERN.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

/** The checkpoint that a note carries; undefined if it carries none. */
export function checkpointOf(note: string): Checkpoint | undefined {
  const signed = parseSignedCheckpoint(note);
  return signed.ok ? signed.value.checkpoint : undefined;
}
