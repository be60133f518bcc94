/**
 * The files of the history of published checkpoints, an addition to tlog-tiles:
 *
 *     checkpoints/index                one line a history file: its name
 *     checkpoints/<20 digits>          signed checkpoints, end to end; the name is the first one's size
 *
 * A note ends with its last signature line; the next begins with the log's origin, which cannot look like one.
 */
import { decodeUtf8, parseDecimal } from './encoding.ts';

/** Where the history stands, below the log's prefix. */
export const HISTORY_DIRECTORY = 'checkpoints';

/**
 * The file that lists the names of all history files, one a line: what a reader needs who cannot list a directory.
 * The names are of one length and ascend, so that a line can be found by bisection.
 */
export const HISTORY_INDEX: string = `${HISTORY_DIRECTORY}/index`;

const NAME_DIGITS = 20;
const SIGNATURE_START = '\u2014 ';

/** Notes of a history file. */
export interface SplitNotes {
  notes: string[];
  /** What follows the last whole note; empty in a file that is complete. */
  rest: string;
}

/** A history file's path: named by the first size in it, 20 digits. */
export function historyPath(firstSize: number): string {
  return `${HISTORY_DIRECTORY}/${nameOf(firstSize)}`;
}

/** The content of the {@link HISTORY_INDEX}. */
export function formatHistoryIndex(firstSizes: readonly number[]): string {
  return firstSizes.map((size) => `${nameOf(size)}\n`).join('');
}

/** The first sizes that an index lists; undefined unless it is one: each on a line, ascending. */
export function parseHistoryIndex(bytes: Uint8Array): number[] | undefined {
  const lines = decodeUtf8(bytes)?.split('\n') ?? [];
  if (lines.pop() !== '') return undefined;
  const sizes: number[] = [];
  for (const line of lines) {
    const size = line.length === NAME_DIGITS ? parseDecimal(line.replace(/^0{1,19}/, '')) : undefined;
    if (size === undefined || size <= (sizes.at(-1) ?? -1)) return undefined;
    sizes.push(size);
  }
  return sizes;
}

/** Takes a history file apart. */
export function splitNotes(text: string): SplitNotes {
  const notes: string[] = [];
  let start = 0;
  for (;;) {
    const blank = text.indexOf('\n\n', start);
    if (blank < 0) return { notes, rest: text.slice(start) };
    let end = blank + 2;
    while (text.startsWith(SIGNATURE_START, end)) {
      const newline = text.indexOf('\n', end);
      if (newline < 0) break;
      end = newline + 1;
    }
    if (end === blank + 2) return { notes, rest: text.slice(start) };
    notes.push(text.slice(start, end));
    start = end;
  }
}

function nameOf(firstSize: number): string {
  return String(firstSize).padStart(NAME_DIGITS, '0');
}
