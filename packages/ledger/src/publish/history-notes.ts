/**
 * A file of the checkpoint history: signed notes, end to end, in the order in which they were published. A note ends
 * with its last signature line; the next begins with the log's origin, which cannot look like one.
 */
import { parseSignedCheckpoint, type Checkpoint } from '../verify/checkpoint.ts';

/** Where the history stands, below the log's directory. */
export const HISTORY_DIRECTORY = 'checkpoints';

/** The most notes of a history file. */
export const MAX_HISTORY_NOTES = 1024;

/**
 * The file that lists the names of all history files, one a line: what a reader needs who cannot list a directory.
 * The names are of one length and ascend, so that a line can be found by bisection.
 */
export const HISTORY_INDEX: string = `${HISTORY_DIRECTORY}/index`;

const SIGNATURE_START = '\u2014 ';
const NAME_PATTERN = /^[0-9]{20}$/;

/** A history file's path: named by the first size in it, 20 digits. */
export function historyPath(firstSize: number): string {
  return `${HISTORY_DIRECTORY}/${String(firstSize).padStart(20, '0')}`;
}

/** The first sizes of the history files among some file names, ascending. */
export function historiesAmong(names: readonly string[]): number[] {
  return names
    .filter((name) => NAME_PATTERN.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

/** The content of the {@link HISTORY_INDEX}. */
export function formatHistoryIndex(firstSizes: readonly number[]): string {
  return firstSizes.map((size) => `${String(size).padStart(20, '0')}\n`).join('');
}

/** Takes a history file apart. What follows the last whole note is left out. */
export function splitNotes(text: string): string[] {
  const notes: string[] = [];
  let start = 0;
  while (start < text.length) {
    const blank = text.indexOf('\n\n', start);
    if (blank < 0) break;
    const signatures = blank + 2;
    let end = signatures;
    while (text.startsWith(SIGNATURE_START, end)) {
      const newline = text.indexOf('\n', end);
      if (newline < 0) break;
      end = newline + 1;
    }
    if (end === signatures) break;
    notes.push(text.slice(start, end));
    start = end;
  }
  return notes;
}

/** The checkpoint that a note carries; undefined if it carries none. */
export function checkpointOf(note: string): Checkpoint | undefined {
  const signed = parseSignedCheckpoint(note);
  return signed.ok ? signed.value.checkpoint : undefined;
}
